"""Addresses where no server listens."""

from __future__ import annotations

import socket


def closed_port() -> int:
    """Return a port of 127.0.0.1 that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
