"""Readers of tables with one row per session: a row belongs to the close of its session."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from quant import sessions
from tests.warehouse.asof.plans import indexes_read
from tests.warehouse.rows import add_iv, add_regime
from warehouse import clock
from warehouse.asof import iv, regime
from warehouse.asof.days import closed_between
from warehouse.models import IvPercentile, SupersededRow

MONDAY, TUESDAY, FRIDAY = (dt.date(2025, 11, day) for day in (17, 18, 21))
SATURDAY = dt.date(2025, 11, 22)
database = pytest.mark.database
with_rows = pytest.mark.django_db


def close_ms(day: dt.date) -> int:
    return clock.epoch_ms(sessions.close_of(day))


@pytest.mark.parametrize(
    ("first_ms", "last_ms", "days"),
    [
        (close_ms(MONDAY), close_ms(TUESDAY), (MONDAY, TUESDAY)),
        (close_ms(MONDAY) + 1, close_ms(TUESDAY), (TUESDAY, TUESDAY)),
        (close_ms(MONDAY), close_ms(TUESDAY) - 1, (MONDAY, MONDAY)),
        (close_ms(FRIDAY), close_ms(FRIDAY) + 86_400_000, (FRIDAY, SATURDAY)),
    ],
    ids=["both closes included", "after the first close", "before the last close", "a day without a session"],
)
def test_the_sessions_of_a_range_are_those_that_closed_in_it(first_ms, last_ms, days):
    assert tuple(closed_between(first_ms, last_ms).values()) == days


def test_a_range_without_a_close_has_no_session():
    bounds = closed_between(close_ms(MONDAY) + 1, close_ms(TUESDAY) - 1)
    assert bounds["last"] < bounds["first"]


@database
@with_rows
def test_volatility_is_read_by_session_with_every_column():
    numbers = {
        "current_iv": 0.18,
        "iv_rank": 0.4,
        "iv_percentile": 0.5,
        "iv_52w_high": 0.3,
        "iv_52w_low": 0.1,
        "risk_reversal_25d": 0.04,
        "term_slope": -0.01,
        "expected_move": 120.5,
    }
    texts = {"iv_regime": "NORMAL", "iv_trend": "STABLE", "recommendation": "NEUTRAL"}
    add_iv(TUESDAY, **numbers, **texts, is_provisional=False)
    add_iv(MONDAY)
    add_iv(FRIDAY)
    add_iv(TUESDAY, symbol="NDX")
    read = iv.read("SPX", close_ms(MONDAY), close_ms(FRIDAY) - 1)
    assert read.date.tolist() == [MONDAY, TUESDAY]
    assert {name: getattr(read, name)[1] for name in numbers} == numbers
    assert {name: getattr(read, name)[1] for name in texts} == texts
    assert (read.is_provisional.tolist(), read.data_points.tolist()) == ([True, False], [252, 252])
    assert (math.isnan(read.current_iv[0]), read.iv_regime[0]) == (True, "")
    assert set(indexes_read(lambda: iv.read("SPX", 0, close_ms(FRIDAY)))) == {"iv_percentile_cache_key"}


@database
@with_rows
def test_the_regime_is_read_by_session_with_its_inputs():
    add_regime(MONDAY)
    add_regime(TUESDAY, market_regime="BREAKDOWN", vix_regime="HIGH", vix_level="25.5", advancers=120)
    add_regime(FRIDAY)
    read = regime.read(close_ms(MONDAY), close_ms(TUESDAY))
    assert read.date.tolist() == [MONDAY, TUESDAY]
    assert (read.market_regime.tolist(), read.vix_regime.tolist()) == (["", "BREAKDOWN"], ["", "HIGH"])
    assert (read.vix_level[1], read.advancers[1]) == (25.5, 120.0)
    assert (math.isnan(read.vix_level[0]), math.isnan(read.spy_sma20[1])) == (True, True)
    assert len(regime.read(close_ms(MONDAY) + 1, close_ms(TUESDAY) - 1)) == 0


@database
@with_rows
def test_a_row_that_was_computed_again_says_so():
    add_iv(MONDAY, current_iv=0.1, known_at=close_ms(MONDAY) + 1)
    add_iv(TUESDAY, current_iv=0.2, known_at=close_ms(TUESDAY) + 1)
    IvPercentile.objects.filter(date=TUESDAY).update(current_iv=0.25)
    read = iv.read("SPX", close_ms(MONDAY), close_ms(TUESDAY))
    assert read.known_at.tolist() == [close_ms(MONDAY) + 1, close_ms(TUESDAY) + 1]
    assert np.isfinite(read.computed_at).tolist() == [False, True]
    assert read.computed_at[1] == SupersededRow.objects.get().superseded_at
