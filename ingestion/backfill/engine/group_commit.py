"""Many answers, one commit: what comes within a moment is stored together.

A commit costs a dozen statements whatever it holds, and contracts one by one cost the database more than twice the time
of twenty at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, Self, TypeVar

from django.db import DatabaseError, connection

from ingestion.backfill.engine.queues import drain
from ingestion.backfill.engine.thread_pool import BUSY_PAUSE_SECONDS

GATHER_SECONDS = 0.1

Item = TypeVar("Item")
_Waiting = tuple[Item, Future[None]]


class GroupCommit(Generic[Item]):
    """Stores items by `commit`, in a thread with a database connection of its own; as a context manager, whose end
    stores what waits."""

    def __init__(
        self, commit: Callable[[Sequence[Item]], object], gather_seconds: float = GATHER_SECONDS
    ) -> None:
        self._commit, self._gather_seconds = commit, gather_seconds
        self._waiting: queue.SimpleQueue[_Waiting[Item] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="group-commit")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()

    def store(self, item: Item) -> Future[None]:
        """Ends when the item is stored, or with what `commit` raised of it alone."""
        stored: Future[None] = Future()
        self._waiting.put((item, stored))
        return stored

    def _serve(self) -> None:
        try:
            while (first := self._waiting.get()) is not None:
                self._closing.wait(self._gather_seconds)
                found = [first, *drain(self._waiting)]
                self._store([waiting for waiting in found if waiting is not None])
                if None in found:
                    return
        finally:
            connection.close()

    def _store(self, group: Sequence[_Waiting[Item]]) -> None:
        try:
            self._commit([item for item, _ in group])
        except Exception as error:
            if isinstance(error, DatabaseError):
                connection.close()  # the next commit begins on a new one
            if len(group) == 1:
                group[0][1].set_exception(error)
                return
            if isinstance(error, DatabaseError):
                self._closing.wait(BUSY_PAUSE_SECONDS)
            for waiting in group:  # one bad item must not fail the others
                self._store([waiting])
        else:
            for _, stored in group:
                stored.set_result(None)
