"""The record of features of a session: what is known, and independence of everything that comes later."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from quant import sessions
from signals import market_view
from signals.features.build import build
from signals.look_ahead import arrays, check, differing
from tests.signals import market
from warehouse import asof, clock

pytestmark = pytest.mark.database
DAY = dt.date(2026, 11, 24)
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))
CLOSE_MS = clock.epoch_ms(sessions.close_of(DAY))
# Columns that need surfaces, events or a broken session.
NEVER = {
    "missing", "flow.opening_share", "iv.ramp", "iv.expected_move", "iv.variance_premium", "iv.front_iv",
    "iv.front_mean", "iv.ex_event_iv", "iv.front_kink_points", "iv.event_timing", "iv.event_expirations",
    "iv.days_to_event",
}  # fmt: skip


@pytest.fixture
def stored(db):
    """Store SPY and an index whose volume is that of SPY, with bars after the session."""
    market.watch("SPY")
    market.watch("SPX", "index", "SPY")
    market.store_bars("SPY")
    market.store_bars("SPX", level=5000.0, has_volume=False)
    for symbol in ("SPY", "SPX"):
        market.store_gamma(symbol, dt.date(2026, 11, 20))
        market.store_flow(symbol, dt.date(2026, 10, 1))
    market.store_days(["SPY", "SPX"], dt.date(2026, 11, 10))


def view_of(last_ms: int = CLOSE_MS):
    return market_view.read(["SPY", "SPX"], OPEN_MS, last_ms)


def test_features_are_those_that_were_computed_live(stored):
    view = view_of(CLOSE_MS + 30 * 3_600_000)
    for symbol in ("SPY", "SPX"):
        record = build(view, symbol, DAY)
        columns = dict(arrays(record))
        assert {len(column) for column in columns.values()} == {33 * 26}
        assert {
            name for name, column in columns.items() if is_never_known(column[record.first_row :])
        } == NEVER
        # Live, the view is read again for each bar, and hides the future.
        for row in range(record.first_row, len(record), 5):
            at_ms = int(record.at_ms[row])
            with asof.at(at_ms):
                live = build(view_of(at_ms), symbol, DAY)
            assert len(live) == row + 1
            assert differing(record, live, at_ms) == []


def centred_mean(view, record):
    mean = np.convolve(record.close, np.ones(3) / 3, mode="same")
    return replace(record, ema9=mean)


def daily_bar_of_today(view, record):
    today = view.symbols["SPY"].prices.bars["1d"].between(OPEN_MS - 12 * 3_600_000, OPEN_MS)
    return replace(record, prior_close=np.full(len(record), today.close[-1] if len(today) else np.nan))


def percentile_of_today(view, record):
    found = view.symbols["SPY"].iv
    percentile = found.iv_percentile[found.date <= np.datetime64(DAY)]
    return replace(record, iv=replace(record.iv, percentile=np.full(len(record), percentile[-1])))


def late_snapshot(view, record):
    found = view.symbols["SPY"].gamma
    place = np.searchsorted(found.timestamp, record.end_ms + 900_000, side="right") - 1
    return replace(record, gamma=replace(record.gamma, pin_oi=found.pin_open_interest[place]))


@pytest.mark.parametrize(
    ("leak", "column"),
    [
        (centred_mean, "ema9"),
        (daily_bar_of_today, "prior_close"),
        (percentile_of_today, "iv.percentile"),
        (late_snapshot, "gamma.pin_oi"),
    ],
)
def test_a_planted_leak_is_found_by_its_column(stored, leak, column):
    view = view_of(CLOSE_MS + 30 * 3_600_000)

    def leaking(one):
        return leak(one, build(one, "SPY", DAY))

    at_ms = [OPEN_MS + 10 * 900_000 + 40_000]
    assert check(view, partial(build, symbol="SPY", day=DAY), at_ms) == {}
    assert check(view, leaking, at_ms) == {at_ms[0]: [column]}


def is_never_known(column: np.ndarray) -> bool:
    if column.dtype.kind == "U":
        return bool(np.all(column == ""))
    return bool(np.all(np.isnan(column.astype(float))))
