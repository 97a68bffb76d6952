"""A WSGI application for tests of the server: its answers are small, large, slow to compute or echoes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

LARGE = 30 * 2**20  # more than the kernel's buffers of a loopback connection take


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve /large, /error, /broken and everything else as an echo of the body."""
    path = environ["PATH_INFO"]
    if path == "/error":
        raise ValueError("an error of the application")
    if path == "/large":
        start_response("200 OK", [("Content-Length", str(LARGE))])
        return (b"x" * 2**20 for _ in range(LARGE // 2**20))
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"%d," % number for number in range(5))
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
