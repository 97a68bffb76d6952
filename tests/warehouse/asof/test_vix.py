"""The newest VIX known at an instant."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.warehouse.rows import add_bar, add_regime
from warehouse import clock
from warehouse.asof.vix import newest_vix

pytestmark = [pytest.mark.database, pytest.mark.django_db]

TUESDAY = dt.date(2025, 11, 18)


def ms(text: str) -> int:
    return clock.epoch_ms(dt.datetime.fromisoformat(f"2025-11-{text}-05:00"))


SLOT = ms("19T10:00")


def add_vix(start: str, close: float, known: str | None = None, **columns: object) -> None:
    add_bar(ms(start), symbol="VIX", timeframe="15m", close=close, known_at=known and ms(known), **columns)


def test_it_is_unknown_without_bars_and_regimes():
    assert newest_vix(SLOT) is None


def test_it_is_the_level_of_the_last_regime():
    add_regime(TUESDAY, vix_level=21.5, known_at=ms("18T16:06"))
    add_regime(TUESDAY - dt.timedelta(days=1), vix_level=19.0, known_at=ms("16T16:06"))
    assert newest_vix(SLOT) == 21.5
    assert newest_vix(ms("18T16:05")) == 19.0


def test_it_is_the_last_bar_that_was_known():
    add_vix("19T09:30", 22.0, "19T09:46")
    add_vix("19T09:45", 23.0, "19T10:01")
    assert newest_vix(SLOT) == 22.0
    assert newest_vix(ms("19T10:01")) == 23.0


def test_a_bar_stored_without_its_time_is_known_half_a_minute_after_its_end():
    add_vix("19T09:45", 23.0)
    assert newest_vix(SLOT) is None
    assert newest_vix(SLOT + 30_000) == 23.0


def test_the_later_of_bar_and_regime_is_used_and_of_one_session_the_regime():
    add_regime(TUESDAY, vix_level=21.5, known_at=ms("18T16:06"))
    add_vix("18T15:45", 21.0, "18T16:01")
    assert newest_vix(SLOT) == 21.5
    add_vix("19T09:30", 22.0, "19T09:46")
    assert newest_vix(SLOT) == 22.0


def test_a_level_older_than_a_week_is_unknown():
    add_regime(dt.date(2025, 11, 11), vix_level=30.0, known_at=ms("11T16:06"))
    add_vix("11T15:45", 30.0, "11T16:01")
    assert newest_vix(ms("18T15:30")) == 30.0
    assert newest_vix(ms("18T16:01")) is None
