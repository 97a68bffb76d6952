"""Which bars a session may use: splits, late and missing bars, jumps, indices without volume or with stale opens."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from quant import sessions
from signals.features.build import build
from signals.market_view import Instrument
from tests.signals.views import bars, day_starts, quarter_starts, view
from warehouse import clock
from warehouse.asof.corporate_actions import Split
from warehouse.models.enums import UnderlyingKind

DAY = dt.date(2026, 11, 24)
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))
QUARTER = 900_000
STARTS, DAYS = quarter_starts(DAY), day_starts(DAY)
TODAY = STARTS >= OPEN_MS
WAVE = 100 + np.sin(np.arange(len(STARTS)) / 7)
DAILY = 100 + np.cos(np.arange(len(DAYS)) / 5)


def quarters(close=WAVE, volume=100.0, **more):
    return bars(STARTS, close, QUARTER, volume, **more)


def days(close=DAILY, volume=2600.0):
    return bars(DAYS, close, 16 * 3_600_000, volume)


def record(**changed):
    given = {"quarters": quarters(), "days": days()} | changed
    return build(view(DAY, **given), "SPY", DAY)


def test_a_split_of_today_changes_nothing_but_the_unit_of_earlier_bars():
    # Example 37 of the detectors' specification: 10 new shares for one, known before the open.
    split = Split(DAY, 10.0, 0, 2**62)
    before = replace(quarters(np.where(TODAY, WAVE, 10 * WAVE), np.where(TODAY, 1000.0, 100.0)))
    before = replace(
        before,
        high=np.where(TODAY, WAVE + 0.5, 10 * (WAVE + 0.5)),
        low=np.where(TODAY, WAVE - 0.5, 10 * (WAVE - 0.5)),
    )
    daily = days(10 * DAILY, 260.0)
    daily = replace(daily, high=10 * (DAILY + 0.5), low=10 * (DAILY - 0.5))
    split_today = record(quarters=before, days=daily, splits=(split,))
    plain = record(quarters=quarters(volume=1000.0), days=days(volume=2600.0))
    row = len(plain) - 1
    for name in ("ema9", "ema200", "rsi14", "atr14", "rvol", "rvol_bar", "prior_close", "return_from_close"):
        left, right = getattr(split_today, name)[row], getattr(plain, name)[row]
        assert left == pytest.approx(right, rel=1e-12), name
    assert split_today.missing[row] == ""


def test_a_split_that_was_announced_after_the_open_is_an_unexplained_jump():
    late = Split(DAY, 10.0, OPEN_MS + 1, 2**62)
    close = np.where(TODAY, WAVE, 10 * WAVE)
    found = record(quarters=quarters(close), days=days(10 * DAILY), splits=(late,))
    assert set(found.missing[found.first_row :]) == {"unexplained jump"}
    assert set(found.missing[: found.first_row]) == {""}


def test_a_bar_known_after_its_instant_is_no_row_of_its_session():
    all_bars = quarters()
    row = int(np.flatnonzero(TODAY)[5])
    late = all_bars.known_at.copy()
    late[row] = all_bars.start_ms[row] + QUARTER + 40_001
    found = record(quarters=replace(all_bars, known_at=late))
    whole = record()
    assert len(found) == len(whole) - 1
    assert STARTS[row] not in found.start_ms
    place = int(np.flatnonzero(found.start_ms == STARTS[row + 1])[0])
    assert not found.follows[place]


def test_a_bar_of_an_earlier_session_counts_if_it_was_known_before_the_open():
    all_bars = quarters()
    row = int(np.flatnonzero(TODAY)[0]) - 3
    late = all_bars.known_at.copy()
    late[row] = OPEN_MS
    assert len(record(quarters=replace(all_bars, known_at=late))) == len(record())
    late[row] = OPEN_MS + 1
    assert len(record(quarters=replace(all_bars, known_at=late))) == len(record()) - 1


def test_indicators_need_their_warm_up_and_at_most_sixteen_missing_bars():
    whole = record()
    assert np.isnan(whole.ema200[778])
    assert not np.isnan(whole.ema200[779])
    assert (whole.reasons["ema200"][778], whole.reasons["ema200"][779]) == ("warm-up", "")
    kept = np.ones(len(STARTS), dtype=bool)
    # The history begins with the 32nd session before, so the first 26 bars of the view are older.
    kept[26 + np.arange(3, 3 + 16)] = False
    sixteen = record(quarters=quarters().pick(kept))
    assert not np.isnan(sixteen.ema200[-1])
    kept[26 + 19] = False
    seventeen = record(quarters=quarters().pick(kept))
    assert np.isnan(seventeen.rsi14[-1])
    assert seventeen.reasons["rsi14"][-1] == "warm-up"


def test_an_index_without_a_reference_has_no_volume():
    found = record(kind=UnderlyingKind.INDEX)
    assert np.isnan(found.vwap[-1])
    assert np.isnan(found.rvol[-1])
    assert found.reasons["rvol"][-1] == "volume"


def test_an_index_has_the_volume_of_its_reference_where_that_was_known():
    other = quarters(close=10 * WAVE, volume=np.arange(len(STARTS), dtype=float))
    known = other.known_at.copy()
    known[-1] = other.start_ms[-1] + QUARTER + 40_001
    lengths = {"15m": replace(other, known_at=known), "1d": days(), "5m": bars([], [], 1)}
    reference = Instrument(lengths, ())
    found = record(kind=UnderlyingKind.INDEX, volume=reference)
    assert found.volume[-2] == len(STARTS) - 2
    assert np.isnan(found.volume[-1])
    assert np.isnan(found.vwap[-1])


def index_with(first_minute_close, minutes_known=True):
    """Return the record of an index that opens exactly at its close before; its first minute closes elsewhere."""
    before = float(DAILY[-1])
    close = np.where(TODAY, 103.0, WAVE)
    opened = close.copy()
    opened[np.flatnonzero(TODAY)[0]] = before
    minute_starts = OPEN_MS + 60_000 * np.arange(15)
    minute_close = np.full(15, 103.0)
    minute_close[0] = first_minute_close
    minutes = bars(minute_starts, minute_close, 60_000, spread=0.25)
    minutes = replace(minutes, open=np.where(np.arange(15) == 0, before, minutes.open))
    return record(
        quarters=quarters(close, opened=opened),
        kind=UnderlyingKind.INDEX,
        minutes=minutes if minutes_known else None,
    )


def test_a_stale_open_of_an_index_is_the_close_of_its_first_minute():
    found = index_with(102.0)
    row = found.first_row
    assert (found.open[row], found.day_open[row]) == (102.0, 102.0)
    assert (found.high[row], found.low[row]) == (103.25, 102.0)


def test_a_first_minute_near_the_close_before_is_a_true_open():
    found = index_with(float(DAILY[-1]) * 1.0005)
    assert found.open[found.first_row] == DAILY[-1]


def test_an_open_at_the_close_before_without_its_minute_is_unknown():
    found = index_with(102.0, minutes_known=False)
    assert np.isnan(found.day_open[found.first_row])
    assert found.reasons["day_open"][found.first_row] == "open"


def test_the_close_before_is_that_of_the_daily_bar_else_of_the_last_bar():
    assert record().prior_close[-1] == DAILY[-1]
    without = record(days=days().pick(slice(0, -1)))
    assert without.prior_close[-1] == WAVE[np.flatnonzero(TODAY)[0] - 1]


def test_the_daily_range_needs_sixty_finished_sessions():
    assert not np.isnan(record().atr_day14[-1])
    assert np.isnan(record(days=days().pick(slice(11, None))).atr_day14[-1])
