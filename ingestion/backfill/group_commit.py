"""Many threads, one commit: what came in while the last commit ran goes into the next one together.

A commit costs a dozen statements whatever it holds. With a commit each, contracts would cost the database more than the
provider allows them time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Waiting(Generic[Item]):
    """An item of one thread, until it is stored."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.is_stored = False


class GroupCommit(Generic[Item]):
    """`store(item)` returns when `commit` has stored it, with others or alone. Whichever waiting thread gets the turn
    stores for all, by its own database connection."""

    def __init__(self, commit: Callable[[Sequence[Item]], object]) -> None:
        self._commit = commit
        self._turn, self._list = threading.Lock(), threading.Lock()
        self._waiting: list[_Waiting[Item]] = []

    def store(self, item: Item) -> None:
        """Raises what `commit` raised of a group with this item; those of it that wait then try in a group of their
        own, so that one bad item does not fail the others."""
        mine = _Waiting(item)
        with self._list:
            self._waiting.append(mine)
        with self._turn:
            if mine.is_stored:
                return
            with self._list:
                group, self._waiting = self._waiting, []
            if mine not in group:  # it was in one that failed
                with self._list:
                    self._waiting = [*group, *self._waiting]
                group = [mine]
            self._commit([one.item for one in group])
            for one in group:
                one.is_stored = True
