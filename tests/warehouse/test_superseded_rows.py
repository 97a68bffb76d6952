"""Rows that are computed again: the earlier version is kept, and the row says so."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.roles import run
from tests.warehouse.rows import HOUR_MS, add_bar, add_iv, ago
from warehouse.models import HistoricalBar, IvPercentile, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

DAY = dt.date(2026, 11, 18)


def test_a_changed_row_keeps_known_at_and_its_earlier_version():
    known_at = ago(HOUR_MS)
    add_iv(DAY, iv_rank=0.25, known_at=known_at)
    IvPercentile.objects.update(iv_rank=0.5, known_at=1)
    row = IvPercentile.objects.get()
    (now,) = run("SELECT warehouse_known_ms()")[0]
    assert (row.iv_rank, row.known_at, row.computed_at) == (0.5, known_at, now)
    old = SupersededRow.objects.get()
    assert (old.table_name, old.key) == ("iv_percentile_cache", {"symbol": "SPX", "date": "2026-11-18"})
    assert (old.known_at, old.superseded_at) == (known_at, now)
    assert (old.row["iv_rank"], old.row["data_points"]) == (0.25, 252)


def test_a_second_change_supersedes_the_first():
    add_iv(DAY, iv_rank=0.25, known_at=ago(HOUR_MS))
    for rank in (0.5, 0.75):
        IvPercentile.objects.update(iv_rank=rank)
    versions = SupersededRow.objects.order_by("id").values_list("row__iv_rank", flat=True)
    assert list(versions) == [0.25, 0.5]
    second = SupersededRow.objects.latest("id")
    assert second.known_at == SupersededRow.objects.earliest("id").superseded_at


def test_an_update_without_a_change_is_no_version():
    add_iv(DAY, iv_rank=0.25)
    assert IvPercentile.objects.update(iv_rank=0.25) == 1
    assert IvPercentile.objects.get().computed_at is None
    assert not SupersededRow.objects.exists()


def test_a_changed_bar_is_kept_under_the_name_of_its_table():
    at_ms = ago(HOUR_MS)
    add_bar(at_ms, known_at=at_ms + 90_000)
    HistoricalBar.objects.update(close=2)
    old = SupersededRow.objects.get()
    assert (old.table_name, old.row["close"], old.known_at) == ("historical_bars", 1, at_ms + 90_000)
    assert old.key == {"symbol": "SPY", "timeframe": "1m", "timestamp": at_ms}


def test_marking_a_bar_as_unadjusted_is_no_version():
    add_bar(ago(HOUR_MS), is_adjusted=None)
    HistoricalBar.objects.update(is_adjusted=False)
    assert HistoricalBar.objects.get().computed_at is None
    assert not SupersededRow.objects.exists()
