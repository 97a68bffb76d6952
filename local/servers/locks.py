"""Advisory file locks. The kernel releases them when their process ends, for whatever reason."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """One `flock` on one file. Programs that this process starts do not inherit the descriptor."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def shared(self) -> None:
        """Wait until no process holds the lock exclusively, then hold it shared."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def exclusive(self) -> None:
        """Wait until no other process holds the lock, then hold it exclusively."""
        fcntl.flock(self._open(), fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take the lock shared without waiting. Returns whether that succeeded."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take the lock exclusively without waiting. Returns whether that succeeded."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        """Release the lock if it is held."""
        if self._descriptor is not None:
            # An explicit unlock releases the lock even when a forked child still has the descriptor.
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
    """Return whether no process holds the lock at `path`."""
    lock = FileLock(path)
    free = lock.try_exclusive()
    lock.release()
    return free
