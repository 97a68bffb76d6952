"""The settings of the web server with shorter time limits and smaller size limits, for tests that reach them."""

from __future__ import annotations

from web.server import limits
from web.server.settings import (
    graceful_timeout,
    keepalive,
    sendfile,
    threads,
    worker_class,
    worker_connections,
)

__all__ = ["graceful_timeout", "keepalive", "sendfile", "threads", "worker_class", "worker_connections"]

workers = 1
limits.HEADER_SECONDS = limits.BODY_SECONDS = 0.6
limits.SEND_SECONDS = 0.3
limits.HELD_BYTES = 4_000_000
