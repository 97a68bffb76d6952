"""Gaps of a feed are noted once, closed once, and never moved after their repair."""

from __future__ import annotations

import pytest

from flow.gaps import close_gap, ended_gaps, record_gap
from warehouse.models import StreamGap

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_gap_is_noted_while_it_lasts_and_gets_its_end_later():
    gap = record_gap("options", 1000, None, "cut")
    assert ended_gaps() == []
    assert record_gap("options", 1000, 5000, "reconnected") == gap
    assert ended_gaps() == [gap]
    row = StreamGap.objects.get(id=gap)
    assert (row.from_ms, row.to_ms, row.reason, row.status) == (1000, 5000, "cut", "OPEN")


def test_the_end_of_a_gap_never_moves_back():
    gap = record_gap("options", 1000, 5000, "cut")
    record_gap("options", 1000, 4000, "told late")
    record_gap("options", 1000, None, "told again")
    assert StreamGap.objects.get(id=gap).to_ms == 5000


@pytest.mark.parametrize(("unrepairable", "status"), [(0, "REPAIRED"), (2, "UNREPAIRABLE")])
def test_a_repaired_gap_is_closed_for_good(unrepairable, status):
    gap = record_gap("options", 1000, 5000, "cut")
    close_gap(gap, repaired=7, unrepairable=unrepairable)
    record_gap("options", 1000, 9000, "told late")
    row = StreamGap.objects.get(id=gap)
    assert (row.status, row.repaired, row.unrepairable, row.to_ms) == (status, 7, unrepairable, 5000)
    assert ended_gaps() == []


def test_gaps_of_two_feeds_are_two():
    assert record_gap("options 1/2", 1000, 2000, "cut") != record_gap("options 2/2", 1000, 2000, "cut")


def test_a_gap_does_not_end_before_it_begins():
    with pytest.raises(ValueError, match="before it began"):
        record_gap("options", 1000, 999, "cut")
