"""Processes of our own, for work that would take turns with the fetching for the one interpreter of a process.

They are forked, so that they know the settings and the market's clock of this one.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection as pipes
from multiprocessing import get_context, parent_process

from django.db import connection


def forked(count: int, begin: Callable[[], None]) -> ProcessPoolExecutor:
    """A pool of `count` processes, each of which calls `begin` first. Call it in a process without other threads, so
    that none of them is forked in the middle of something.

    They end with this one, however it ends; Ctrl-C is left to it.
    """
    connection.close()  # a child's end would end it for us too
    pool = ProcessPoolExecutor(count, get_context("fork"), initializer=_begin, initargs=(begin,))
    pool.submit(_nothing).result()  # the first call forks them all
    return pool


class Stop:
    """What tells forked processes to stop: a pipe that this one closes, on purpose or by its end.

    Not an Event of multiprocessing: its `set` waits for ever for a process that was killed while it waited.
    """

    def __init__(self) -> None:
        self._reader, self._writer = get_context("fork").Pipe(duplex=False)

    def leave_to_parent(self) -> None:
        """Called in each process that was forked, so that the parent's is the last end of the pipe."""
        self._writer.close()

    def set(self) -> None:
        self._writer.close()

    def wait(self, timeout: float) -> bool:
        """Whether it was set, within some seconds."""
        return self._reader.poll(timeout)


def _begin(begin: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin()


def _nothing() -> None:
    pass


def _end_with_parent() -> None:
    """A parent that was killed closes nothing: we would wait for its next job for ever."""
    if (parent := parent_process()) is not None:
        pipes.wait([parent.sentinel])
    os._exit(1)
