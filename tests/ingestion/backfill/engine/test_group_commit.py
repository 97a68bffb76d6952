"""Items that arrive within a short time are stored in one commit."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from ingestion.backfill.engine.group_commit import GroupCommit

pytestmark = pytest.mark.database


class BlockingCommit:
    """A commit that blocks until `released` is set and records the items of each call. An item "bad" makes it fail.

    The result of an item is the item in upper case.
    """

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.released = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[str]) -> list[str]:
        self.begun.set()
        assert self.released.wait(10)
        self.groups.append(list(items))
        if "bad" in items:
            raise ValueError("a bad item")
        return [item.upper() for item in items]


def test_items_that_arrive_during_a_commit_are_stored_in_the_next_one():
    commit = BlockingCommit()
    with GroupCommit(commit, 0.0) as group:
        first = group.store("first")
        assert commit.begun.wait(10)
        others = [group.store(name) for name in ("a", "b", "c")]
        assert not first.done()
        commit.released.set()
        assert [stored.result(10) for stored in (first, *others)] == ["FIRST", "A", "B", "C"]
    assert commit.groups == [["first"], ["a", "b", "c"]]


def test_items_that_arrive_within_the_delay_are_stored_in_one_commit():
    commit = BlockingCommit()
    commit.released.set()
    with GroupCommit(commit, 60.0) as group:  # leaving the context ends the delay
        stored = [group.store(name) for name in ("a", "b")]
    assert all(one.done() for one in stored)
    assert commit.groups == [["a", "b"]]


def test_an_invalid_item_fails_alone():
    commit = BlockingCommit()
    with GroupCommit(commit, 0.0) as group:
        first = group.store("first")
        assert commit.begun.wait(10)
        bad, good = group.store("bad"), group.store("good")
        commit.released.set()
        assert first.result(10) == "FIRST"
        assert good.result(10) == "GOOD"
        with pytest.raises(ValueError, match="a bad item"):
            bad.result(10)
    assert commit.groups == [["first"], ["bad", "good"], ["bad"], ["good"]]
