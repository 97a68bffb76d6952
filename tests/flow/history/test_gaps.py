"""Gaps of a feed are recorded once, closed once, and never moved after their repair."""

from __future__ import annotations

import pytest

from flow.history.gaps import close_gap, ended_gaps, record_gap
from warehouse.models import StreamGap

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_gap_is_recorded_while_it_lasts_and_gets_its_end_later():
    gap = record_gap("options", 1000, None, "cut")
    assert ended_gaps() == []
    assert record_gap("options", 1000, 5000, "reconnected") == gap
    (row,) = ended_gaps()
    assert row.id == gap
    assert (row.from_ms, row.to_ms, row.reason, row.status) == (1000, 5000, "cut", "OPEN")


def test_end_of_a_gap_never_moves_back():
    gap = record_gap("options", 1000, 5000, "cut")
    record_gap("options", 1000, 4000, "repeated")
    record_gap("options", 1000, None, "repeated")
    assert StreamGap.objects.get(id=gap).to_ms == 5000


@pytest.mark.parametrize(("unrepairable", "status"), [(0, "REPAIRED"), (2, "UNREPAIRABLE")])
def test_repaired_gap_stays_closed(unrepairable, status):
    gap = record_gap("options", 1000, 5000, "cut")
    close_gap(gap, repaired=7, unrepairable=unrepairable, now_ms=6000)
    assert record_gap("options", 1000, 4000, "repeated") == gap
    row = StreamGap.objects.get(id=gap)
    assert (row.status, row.repaired, row.unrepairable, row.to_ms) == (status, 7, unrepairable, 5000)
    assert row.repaired_at == 6000
    assert ended_gaps() == []


def test_time_after_a_repaired_gap_is_a_new_gap():
    """A consumer was killed twice without receiving a trade in between."""
    gap = record_gap("options", 1000, 5000, "cut")
    close_gap(gap, repaired=7, unrepairable=0, now_ms=6000)
    lasting = record_gap("options", 1000, None, "cut")
    assert record_gap("options", 1000, 9000, "cut") == lasting
    row = StreamGap.objects.get(id=lasting)
    assert (row.from_ms, row.to_ms, row.status) == (5000, 9000, "OPEN")


def test_end_of_a_gap_ends_older_gaps_of_a_killed_consumer():
    left = record_gap("options", 3000, None, "cut")
    other = record_gap("options 2/2", 3000, None, "cut")
    record_gap("options", 1000, 9000, "the consumer was not running")
    assert StreamGap.objects.get(id=left).to_ms == 9000
    assert StreamGap.objects.get(id=other).to_ms is None


def test_gaps_of_two_feeds_are_separate():
    assert record_gap("options 1/2", 1000, 2000, "cut") != record_gap("options 2/2", 1000, 2000, "cut")


def test_gap_that_ends_before_its_start_is_rejected():
    with pytest.raises(ValueError, match="before its start"):
        record_gap("options", 1000, 999, "cut")


def test_time_after_a_gap_whose_repair_has_started_is_a_new_gap():
    gap = record_gap("options", 1000, 5000, "cut")
    StreamGap.objects.update(repair_id=gap)
    later = record_gap("options", 1000, 9000, "cut")
    rows = StreamGap.objects.order_by("from_ms").values_list("id", "from_ms", "to_ms", "status")
    assert list(rows) == [(gap, 1000, 5000, "OPEN"), (later, 5000, 9000, "OPEN")]


def test_gaps_of_one_feed_are_listed_oldest_first():
    later, other, first = (
        record_gap(feed, at, at + 10, "cut")
        for feed, at in (("options", 2000), ("options 2/2", 1500), ("options", 1000))
    )
    assert [gap.id for gap in ended_gaps("options")] == [first, later]
    assert [gap.id for gap in ended_gaps()] == [first, other, later]
