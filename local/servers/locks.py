"""Advisory file locks: freed by the kernel when their process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """One `flock` on one file. Its descriptor is not inherited by programs this process starts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def shared(self) -> None:
        """Waits until nobody holds the lock exclusively, then holds it shared."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def exclusive(self) -> None:
        """Waits until nobody else holds the lock, then holds it exclusively."""
        fcntl.flock(self._open(), fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        if self._descriptor is not None:
            # Unlocking before closing frees the lock even where a forked child still has the descriptor.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self, mode: int) -> bool:
        try:
            fcntl.flock(self._open(), mode | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock at `path` at this moment."""
    lock = FileLock(path)
    free = lock.try_exclusive()
    lock.release()
    return free
