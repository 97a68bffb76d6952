"""Threads that wait for one commit share the next one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingestion.backfill.group_commit import GroupCommit
from local.processes import wait_until


class Held:
    """A commit that can be held; knows what each one stored. An item of "bad" fails it."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.released = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[str]) -> None:
        self.begun.set()
        assert self.released.wait(10)
        self.groups.append(sorted(items))
        if "bad" in items:
            raise ValueError("a bad item")


def test_what_comes_while_a_commit_runs_goes_into_the_next_together():
    held = Held()
    together = GroupCommit(held)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(together.store, "first")
        assert held.begun.wait(10)
        others = [pool.submit(together.store, name) for name in ("a", "b", "c")]
        assert wait_until(lambda: len(together._waiting) == 3, 10)  # they have come and wait for their turn
        held.released.set()
        for stored in (first, *others):
            stored.result(10)
    assert held.groups == [["first"], ["a", "b", "c"]]


def test_a_bad_item_fails_its_own_thread_alone():
    held = Held()
    together = GroupCommit(held)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(together.store, "first")
        assert held.begun.wait(10)
        bad, good = pool.submit(together.store, "bad"), pool.submit(together.store, "good")
        assert wait_until(lambda: len(together._waiting) == 2, 10)
        held.released.set()
        first.result(10)
        outcomes = [one.exception(10) for one in (bad, good)]
    # Whose turn it was met the error of the group; the other stored alone.
    assert [type(error) for error in outcomes].count(ValueError) >= 1
    assert held.groups[-1] in (["good"], ["bad"])
    with pytest.raises(ValueError, match="a bad item"):
        together.store("bad")
    together.store("good")
    assert held.groups[-1] == ["good"]
