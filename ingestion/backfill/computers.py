"""Work that computes from our own tables, done in processes of their own.

In threads it would take turns with the fetching for the one interpreter, and both would wait. The processes are forked,
so that they know the settings and the market's clock of this one, and before this one has threads, so that none of them
is forked in the middle of something.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import connection as pipes
from multiprocessing import get_context, parent_process
from types import TracebackType
from typing import Any, NoReturn, Self

from django.db import DatabaseError, connection

from ingestion.backfill.fetchers import BUSY_PAUSE_SECONDS
from ingestion.backfill.jobs import Ended, Job, RunKey, Stage, one_line
from ingestion.backfill.stages import Perform, attempt

MOST_PROCESSES = 4


class Computers:
    """Performs jobs by what `performs` gives, which each process asks once. A context manager, to be begun in a process
    without other threads."""

    def __init__(self, performs: Callable[[], Mapping[Stage, Perform]]) -> None:
        connection.close()  # a child's end would end it for us too
        self._processes = [
            ProcessPoolExecutor(1, get_context("fork"), initializer=_begin, initargs=(performs,))
            for _ in range(min(MOST_PROCESSES, len(os.sched_getaffinity(0))))
        ]
        self._inside = [0] * len(self._processes)
        for process in self._processes:
            process.submit(_nothing).result()  # the first job forks it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes after the jobs they have in hand; what waited is dropped."""
        for process in self._processes:
            process.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.shutdown()

    def __len__(self) -> int:
        return len(self._processes)

    def submit(self, job: Job) -> Ended:
        """The future of a sentence why the job has no end in the ledger, or None; it raises what nobody foresaw, and
        BrokenProcessPool where a process was killed.

        Work of the whole market is the first one's, which remembers a year of stocks; other work is the least busy
        one's.
        """
        number = self._inside.index(min(self._inside)) if job.symbol else 0
        self._inside[number] += 1
        ended = self._processes[number].submit(_do, job.stage, job.run, job.arguments)
        ended.add_done_callback(lambda _: self._leave(number))
        return ended

    def _leave(self, number: int) -> None:
        self._inside[number] -= 1


# Of a child: how it does each kind of work.
_performs: dict[Stage, Perform] = {}


def _begin(performs: Callable[[], Mapping[Stage, Perform]]) -> None:
    _performs.update(performs())
    _connect()
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all; the parent ends us after the work in hand
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed closes nothing: we would wait for its next job for ever."""
    if (parent := parent_process()) is not None:
        pipes.wait([parent.sentinel])
    os._exit(1)


def _nothing() -> None:
    pass


def _do(stage: Stage, run: RunKey, arguments: tuple[Any, ...]) -> str | None:
    try:
        attempt(_performs[stage], run, arguments, _nobody_to_ask)
    except DatabaseError as error:
        connection.close()  # the next job begins on a new one
        time.sleep(BUSY_PAUSE_SECONDS)
        _connect()
        return one_line(error)
    return None


def _connect() -> None:
    """A session whose commits do not wait for the disk. Rows and the note that they are done are one commit: where the
    database's machine loses the last of them, it loses both, and the next backfill computes them again."""
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")


def _nobody_to_ask() -> NoReturn:
    raise RuntimeError("What computes asks the provider for nothing.")
