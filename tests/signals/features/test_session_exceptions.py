"""Sessions that differ from the exchange calendar: clock times follow the close, and a closed day is no session."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant import sessions
from quant.sessions import MINUTE_MS, NEW_YORK
from signals import market_view
from signals.features.build import build
from signals.scan.paths import session_path
from tests.signals import market
from warehouse import asof, clock, market_days
from warehouse.market_days import Hours
from warehouse.models import HistoricalBar, IvPercentile, MarketRegimeDay

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAY, BEFORE, TWO_BEFORE = dt.date(2026, 11, 24), dt.date(2026, 11, 23), dt.date(2026, 11, 20)
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))


@pytest.fixture
def stored():
    market.watch("SPY")
    market.store_bars("SPY", DAY)
    market.store_gamma("SPY", TWO_BEFORE, DAY)
    market.store_flow("SPY", dt.date(2026, 10, 1), DAY)
    market.store_days(["SPY"], dt.date(2026, 11, 10), DAY)


def close_early(day, text):
    opens, closes = (
        dt.datetime.combine(day, dt.time.fromisoformat(each), NEW_YORK) for each in ("09:30", text)
    )
    market_days.overrule(day, Hours(opens, closes), "test")


def record():
    at_ms = clock.epoch_ms(sessions.close_of(DAY)) + 30 * MINUTE_MS
    with asof.at(at_ms):
        view = market_view.read(["SPY"], OPEN_MS, at_ms)
    return view, build(view, "SPY", DAY)


def test_clock_times_follow_an_early_close(stored):
    _, regular = record()
    close_early(DAY, "12:00")
    view, found = record()
    today = slice(found.first_row, None)
    assert found.minutes_left[today].tolist() == [135.0 - 15.0 * number for number in range(10)]
    assert len(regular) - len(found) == 16
    np.testing.assert_array_equal(found.ema21[today], regular.ema21[regular.first_row :][:10])
    path = session_path(view, "SPY", DAY)
    assert len(path.bars) == 10
    assert path.evaluated == 10
    assert path.end_ms[-1] == OPEN_MS + 150 * MINUTE_MS


def test_volume_is_not_compared_with_a_session_that_closed_early(stored):
    _, regular = record()
    for day in sessions.sessions(dt.date(2026, 11, 3), BEFORE):
        close_early(day, "12:00")
    _, found = record()
    usual, present = (one.rvol[one.first_row :] for one in (regular, found))
    np.testing.assert_array_equal(present[:10], usual[:10])
    assert not np.isnan(present[10:]).any()
    assert (present[10:] != usual[10:]).all()


def test_a_day_that_the_exchange_closed_is_no_session(stored):
    HistoricalBar.objects.filter(
        timestamp__gte=clock.epoch_ms(dt.datetime.combine(BEFORE, dt.time(), NEW_YORK)),
        timestamp__lt=clock.epoch_ms(dt.datetime.combine(DAY, dt.time(), NEW_YORK)),
    ).delete()
    for table in (IvPercentile, MarketRegimeDay):
        table.objects.filter(date=BEFORE).delete()
    _, stale = record()
    assert [one.age_sessions[stale.first_row] for one in (stale.iv, stale.regime)] == [1.0, 1.0]
    market_days.overrule(BEFORE, None, "test")
    view, found = record()
    assert [one.age_sessions[found.first_row] for one in (found.iv, found.regime)] == [0.0, 0.0]
    assert found.iv.as_of_ms[found.first_row] == clock.epoch_ms(sessions.close_of(TWO_BEFORE))
    assert found.prior_close[-1] == stale.close[stale.first_row - 1] != stale.prior_close[-1]
    assert build(view, "SPY", BEFORE) is None
    # The arrays start one session earlier.
    assert found.start_ms[0] < stale.start_ms[0]
    assert len(found) == len(stale) + 26
