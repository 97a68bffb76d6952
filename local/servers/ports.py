"""Free TCP ports on the loopback address."""

from __future__ import annotations

import random
import socket

# Below the range of ports for outgoing connections, so that a restarted server finds its port still free.
_CANDIDATES = range(15_000, 32_000)


def is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """Return `preferred` if it is free, else any free port."""
    if preferred and is_free(preferred):
        return preferred
    return next(port for port in random.sample(_CANDIDATES, len(_CANDIDATES)) if is_free(port))
