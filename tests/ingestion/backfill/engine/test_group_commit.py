"""What comes within a moment is stored in one commit."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from ingestion.backfill.engine.group_commit import GroupCommit

pytestmark = pytest.mark.database


class Held:
    """A commit that can be held; knows what each one stored. An item of "bad" fails it."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.released = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[str]) -> None:
        self.begun.set()
        assert self.released.wait(10)
        self.groups.append(list(items))
        if "bad" in items:
            raise ValueError("a bad item")


def test_what_comes_while_a_commit_runs_goes_into_the_next_together():
    held = Held()
    with GroupCommit(held, 0.0) as together:
        first = together.store("first")
        assert held.begun.wait(10)
        others = [together.store(name) for name in ("a", "b", "c")]
        assert not first.done()
        held.released.set()
        assert [stored.result(10) for stored in (first, *others)] == [None] * 4
    assert held.groups == [["first"], ["a", "b", "c"]]


def test_what_comes_within_the_moment_is_stored_together():
    held = Held()
    held.released.set()
    with GroupCommit(held, 60.0) as together:  # its end cuts the moment short
        stored = [together.store(name) for name in ("a", "b")]
    assert all(one.done() for one in stored)
    assert held.groups == [["a", "b"]]


def test_a_bad_item_fails_alone():
    held = Held()
    with GroupCommit(held, 0.0) as together:
        first = together.store("first")
        assert held.begun.wait(10)
        bad, good = together.store("bad"), together.store("good")
        held.released.set()
        assert first.result(10) is None
        assert good.result(10) is None
        with pytest.raises(ValueError, match="a bad item"):
            bad.result(10)
    assert held.groups == [["first"], ["bad", "good"], ["bad"], ["good"]]
