"""Pools of forked processes, for work that would compete with the fetching threads for one interpreter.

A forked process inherits the settings and the clock offset of its parent.
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


def forked_pool(count: int, initialize: Callable[[], None]) -> ProcessPoolExecutor:
    """Return a pool of `count` processes, each of which calls `initialize` first.

    Call it in a process without other threads, because a fork copies locks that other threads hold. The processes
    end with this one, however it ends. They ignore Ctrl-C, which this process handles, and end at SIGTERM.
    """
    connection.close()  # a child that inherits it would end the database session when it exits
    pool = ProcessPoolExecutor(count, get_context("fork"), initializer=_initialize, initargs=(initialize,))
    pool.submit(_no_op).result()  # the first call forks all processes
    return pool


class StopPipe:
    """Event that stops forked processes: a pipe that the parent closes, or that is closed when the parent ends.

    An Event of multiprocessing is not used, because its `set` blocks forever when a waiting process was killed.
    """

    def __init__(self) -> None:
        self._reader, self._writer = get_context("fork").Pipe(duplex=False)

    def close_writer(self) -> None:
        """Close the inherited end of the pipe.

        Call it in each forked process, so that only the parent holds it open.
        """
        self._writer.close()

    def set(self) -> None:
        self._writer.close()

    def wait(self, timeout: float) -> bool:
        """Return whether the event is set within `timeout` seconds."""
        return self._reader.poll(timeout)


def _initialize(initialize: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    initialize()


def _no_op() -> None:
    pass


def _exit_with_parent() -> None:
    """Exit when the parent ends.

    A parent that was killed closes nothing, and this process would wait for its next job forever.
    """
    if (parent := parent_process()) is not None:
        pipes.wait([parent.sentinel])
    os._exit(1)
