"""What the scanner stores of each symbol at a bar: confluence for a side, and the first matches of patterns."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from signals.scan.bar_rows import store_bar_rows
from tests.roles import as_role
from tests.signals import records
from tests.signals.setup_rows import add_signal
from warehouse.models import ConfluenceBar, Pattern, PatternMatch

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAY = dt.date(2025, 9, 8)
END_MS = records.OPEN_MS + 6 * records.BAR_MS


def record(votes: float = np.nan, rows: int = 2):
    return records.features(rows=rows, rvol=1.4, frames=records.frames(rows, votes=votes))


def store(*features) -> int:
    with as_role("warehouse_writer"):
        return store_bar_rows(features, DAY)


def test_the_side_is_that_of_the_frames_without_an_active_signal():
    assert store(record(votes=-1.5)) == 0
    row = ConfluenceBar.objects.get()
    assert (row.symbol, row.bar_end, row.side) == ("SPY", END_MS, -1)
    assert row.components["volume"] == {
        "name": "volume", "weight": 15.0, "value": pytest.approx(60.0), "checks": {"volumeAboveAvg": True}
    }  # fmt: skip
    assert row.components["trend"]["value"] == pytest.approx(87.5)
    assert row.components["momentum"]["value"] is None
    assert row.overall == pytest.approx((30 * 87.5 + 15 * 60.0) / 45)


def test_an_active_signal_gives_the_side():
    add_signal(bar_end=END_MS)
    store(record(votes=-1.5))
    assert ConfluenceBar.objects.get().side == 1


def test_a_bar_is_stored_once_and_without_data_it_has_no_value():
    store(record())
    store(record(votes=1.0))
    row = ConfluenceBar.objects.get()
    assert (row.side, row.overall) == (0, pytest.approx(60.0))


def test_patterns_match_once_per_session():
    loud = {"all": [{"field": "rvol", "op": "ge", "value": 1.2}]}
    Pattern.objects.create(name="loud", description="", conditions=loud, status="active")
    Pattern.objects.create(name="old", description="", conditions={"all": [{"field": "x"}]}, status="active")
    assert store(record()) == 1
    assert store(record(rows=3)) == 0
    match = PatternMatch.objects.get()
    assert (match.symbol, match.date, match.bar_end, match.values) == ("SPY", DAY, END_MS, {"rvol": 1.4})
