"""Settings of gunicorn, the same for `make web`, `make up` and docker-compose.yml.

The time and size limits of requests and responses are in `web.server.limits`.
"""

from __future__ import annotations

worker_class = "web.server.worker.BufferingWorker"
workers = 2
threads = 4
worker_connections = 1000  # per worker; further clients wait until one of these is closed
keepalive = 15  # seconds for which a connection without a request stays open
timeout = 30  # seconds after which a worker whose event loop hangs is replaced
graceful_timeout = 20
limit_request_line = 4094  # bytes
limit_request_fields = 100
limit_request_field_size = 8190  # bytes
sendfile = False  # responses are buffered
