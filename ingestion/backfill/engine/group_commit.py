"""Group commit: items that arrive within a short time are stored in one commit.

A commit takes a dozen statements however many items it contains. Storing contracts one by one takes the database
more than twice the time of twenty at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, Self, TypeVar

from django.db import DatabaseError, connection

DELAY_SECONDS = 0.1
BUSY_PAUSE_SECONDS = 1.0  # before the next attempt after an error of the database

Item = TypeVar("Item")
Result = TypeVar("Result")
_Waiting = tuple[Item, Future[Result]]


class GroupCommit(Generic[Item, Result]):
    """Stores items by calling `commit`, which returns a result for each, in a thread with its own database connection.

    Use it as a context manager; leaving the context stores the waiting items.
    """

    def __init__(
        self, commit: Callable[[Sequence[Item]], Sequence[Result]], delay_seconds: float = DELAY_SECONDS
    ) -> None:
        self._commit, self._delay_seconds = commit, delay_seconds
        self._waiting: queue.SimpleQueue[_Waiting[Item, Result] | None] = queue.SimpleQueue()
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

    def store(self, item: Item) -> Future[Result]:
        """Return a future of the item's result, which ends when the item is stored.

        Its exception is the error of `commit` for this item alone.
        """
        result: Future[Result] = Future()
        self._waiting.put((item, result))
        return result

    def _serve(self) -> None:
        try:
            while (first := self._waiting.get()) is not None:
                self._closing.wait(self._delay_seconds)
                batch: list[_Waiting[Item, Result] | None] = [first]
                while not self._waiting.empty():  # no other thread takes from the queue
                    batch.append(self._waiting.get())
                self._store([waiting for waiting in batch if waiting is not None])
                if None in batch:
                    return
        finally:
            connection.close()

    def _store(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = self._commit([item for item, _ in group])
        except Exception as error:
            if isinstance(error, DatabaseError):
                connection.close()  # the next commit opens a new one
            if len(group) == 1:
                group[0][1].set_exception(error)
                return
            if isinstance(error, DatabaseError):
                self._closing.wait(BUSY_PAUSE_SECONDS)
            for waiting in group:  # one invalid item must not fail the others
                self._store([waiting])
        else:
            for (_, future), result in zip(group, results, strict=True):
                future.set_result(result)
