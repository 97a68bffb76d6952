"""Work that computes from our own tables, done in processes of their own: in threads it would take turns with the
fetching for the one interpreter, and both would wait."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, Self

from django.db import DatabaseError, connection

from ingestion.backfill.engine.forked import forked
from ingestion.backfill.engine.handlers import Ways, attempt
from ingestion.backfill.engine.jobs import PLACES, Ended, Job, RunKey, Stage, one_line
from ingestion.backfill.engine.thread_pool import BUSY_PAUSE_SECONDS
from warehouse import clock

MOST_PROCESSES = 4
# What a process is given comes back together: with more, the ranks that wait for one chain would wait for thirty.
_MOST_AT_ONCE = 16

_Piece = tuple[Stage, RunKey, tuple[Any, ...]]


class Computers:
    """Performs jobs in the ways that `ways` gives, which each process asks once. A context manager, to be begun in a
    process without other threads."""

    def __init__(self, ways: Callable[[], Ways]) -> None:
        count = min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
        self._market, *self._others = self._processes = [_Process(ways) for _ in range(1 + count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes after the jobs they have in hand; what waited is dropped."""
        for process in self._processes:
            process.drop()
        for process in self._processes:
            process.join()

    def __len__(self) -> int:
        return len(self._processes)

    def submit(self, job: Job) -> Ended:
        """The future of a sentence why the job has no end in the ledger, or None; it raises what nobody foresaw, and
        BrokenProcessPool where a process was killed. The job begins after the next `hand_over`.

        Work of the whole market has a process of its own, which remembers a year of stocks: each session waits for the
        one before, and would wait for others' chains each time. Other work is the least busy one's.
        """
        process = min(self._others, key=len) if job.symbol else self._market
        return process.submit(job)

    def hand_over(self) -> None:
        """Has the idle processes begin all that was submitted to them; the others will when they are through."""
        for process in self._processes:
            process.hand_over()


def _later_stages_first(waiting: tuple[Job, Ended]) -> int:
    return -PLACES[waiting[0].stage]


class _Process:
    """One process, which is given some of what waits for it at once: first what others in turn wait for."""

    def __init__(self, ways: Callable[[], Ways]) -> None:
        self._pool = forked(1, partial(_begin, ways))
        self._lock = threading.Lock()
        self._waiting: list[tuple[Job, Ended]] = []
        self._in_hand: list[tuple[Job, Ended]] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_hand)

    def submit(self, job: Job) -> Ended:
        ended = Ended()
        with self._lock:
            self._waiting.append((job, ended))
        return ended

    def drop(self) -> None:
        with self._lock:
            self._waiting.clear()

    def join(self) -> None:
        # Not also without waiting, before: a pool that was told so forgets what there is to wait for.
        self._pool.shutdown()

    def hand_over(self) -> None:
        with self._lock:
            if self._in_hand or not self._waiting:
                return
            self._waiting.sort(key=_later_stages_first)
            self._in_hand, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            pieces = [(job.stage, job.run, job.arguments) for job, _ in self._in_hand]
            try:
                answer = self._pool.submit(_do, pieces)
            except BrokenProcessPool as error:
                answer = Future()
                answer.set_exception(error)
        answer.add_done_callback(self._take_back)

    def _take_back(self, answer: Future[list[str | None]]) -> None:
        with self._lock:
            in_hand, self._in_hand = self._in_hand, []
        error = answer.exception()
        if error is not None:
            for _, ended in in_hand:
                ended.set_exception(error)
        else:
            for (_, ended), sentence in zip(in_hand, answer.result(), strict=True):
                ended.set_result(sentence)
        self.hand_over()


# Of a child: how it does each kind of work.
_ways: list[Ways] = []


def _begin(ways: Callable[[], Ways]) -> None:
    _ways.append(ways())
    _connect()


def _do(pieces: list[_Piece]) -> list[str | None]:
    """A sentence for each piece of work, in order, why it has no end in the ledger, or None."""
    (ways,) = _ways
    now_ms = clock.now_ms()
    said: dict[RunKey, str | None] = {}
    for stage in dict.fromkeys(stage for stage, _, _ in pieces):
        of_stage = [piece for piece in pieces if piece[0] is stage]
        if stage in ways.many:
            sentence = _tried(partial(ways.many[stage], [arguments for _, _, arguments in of_stage], now_ms))
            said.update((run, sentence) for _, run, _ in of_stage)
        else:
            for _, run, arguments in of_stage:
                said[run] = _tried(partial(attempt, ways.one[stage], run, arguments, _nobody_to_ask, now_ms))
    return [said[run] for _, run, _ in pieces]


def _tried(work: Callable[[], object]) -> str | None:
    try:
        work()
    except DatabaseError as error:
        connection.close()  # the next work begins on a new one
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
