"""Variance index of a chain: settlements around 30 days, diagnostics, and what makes it unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant.pricing import black_scholes
from quant.volatility.chain_variance import chain_variance_index
from quant.volatility.variance_index import Cut
from tests.quant.chains import make_chain

SPOT, RATE, YIELD = 100.0, 0.04, 0.01
STRIKES = np.arange(60.0, 150.0, 0.5)


def make(volatilities, root="XYZ"):
    """Return a chain of exact quotes with one volatility per number of days."""
    days = np.repeat(list(volatilities), 2 * len(STRIKES))
    volatility = np.repeat(list(volatilities.values()), 2 * len(STRIKES))
    strike = np.tile(np.repeat(STRIKES, 2), len(volatilities))
    is_call = np.arange(len(strike)) % 2 == 0
    value = black_scholes.price(is_call, SPOT, strike, days / 365, RATE, YIELD, volatility)
    return make_chain(
        strike,
        is_call,
        spot=SPOT,
        root=root,
        expiration=np.datetime64("2026-01-01") + days.astype(int),
        years=days / 365,
        bid=value * (1 - 1e-9),
        ask=value * (1 + 1e-9),
    )


def test_total_variance_is_interpolated_around_thirty_days():
    found = chain_variance_index(make({9: 0.9, 23: 0.2, 37: 0.3, 65: 0.8}))
    total = 0.5 * (0.2**2 * 23 + 0.3**2 * 37) / 30
    assert found.level == pytest.approx(np.sqrt(total), rel=1e-3)
    assert (found.status, found.low_cut, found.high_cut) == ("ok", Cut.END_OF_LIST, Cut.END_OF_LIST)
    assert (found.lowest_strike, found.highest_strike) == (60, 149.5)
    assert found.quotes > 300
    assert 0 <= found.truncation < 1e-4


def test_a_settlement_in_thirty_days_is_used_alone():
    assert chain_variance_index(make({30: 0.25, 37: 0.6})).level == pytest.approx(0.25, rel=1e-3)


def test_settlements_of_two_roots_are_not_mixed():
    chain = make({23: 0.2, 37: 0.2})
    other = make({23: 0.4, 37: 0.4}, root="XYZ1")
    both = make_chain(
        [*chain.strike, *other.strike],
        [*chain.is_call, *other.is_call],
        root=[*chain.root, *other.root],
        years=[*chain.years, *other.years],
        bid=[*chain.bid, *other.bid],
        ask=[*chain.ask, *other.ask],
    )
    assert chain_variance_index(both).level == pytest.approx(0.2, rel=2e-3)


def test_a_strip_that_ends_early_is_marked():
    # As SPX on 5 February 2018: no bids below a strike near the money.
    chain = make({23: 0.35, 37: 0.35})
    cut = chain.strike <= 96
    found = chain_variance_index(replace(chain, bid=np.where(cut, 0.0, chain.bid)))
    assert (found.status, found.low_cut, found.lowest_strike) == ("truncated", Cut.TWO_ZERO_BIDS, 96.5)
    assert found.level < 0.31
    assert found.level + found.truncation == pytest.approx(0.35, rel=5e-3)


def test_the_narrower_strip_bounds_the_strikes():
    chain = make({23: 0.3, 37: 0.3})
    cut = (chain.strike <= 80) & (chain.years < 30 / 365)
    found = chain_variance_index(replace(chain, bid=np.where(cut, 0.0, chain.bid)))
    assert (found.lowest_strike, found.low_cut, found.high_cut) == (80.5, Cut.TWO_ZERO_BIDS, Cut.END_OF_LIST)


@pytest.mark.parametrize(
    ("chain", "status"),
    [
        pytest.param(make({9: 0.2, 23: 0.2}), "no_bracket", id="no settlement after 30 days"),
        pytest.param(make({37: 0.2}), "no_bracket", id="no settlement before 30 days"),
        pytest.param(replace(make({23: 0.2, 37: 0.2}), bid=np.full(720, np.nan)), "no_quotes", id="no bids"),
        pytest.param(make_chain([], []), "no_quotes", id="empty"),
    ],
)
def test_an_unknown_index_has_a_reason(chain, status):
    found = chain_variance_index(chain)
    assert (found.status, found.quotes, found.low_cut) == (status, 0, None)
    assert np.isnan(found.level)
    assert np.isnan(found.truncation)


def test_a_settlement_without_quotes_is_passed_over():
    chain = make({23: 0.2, 37: 0.9, 44: 0.3})
    chain = replace(chain, bid=np.where(chain.days_to_expiry == 37, np.nan, chain.bid))
    total = (0.2**2 * 23 * 14 + 0.3**2 * 44 * 7) / 21 / 30
    assert chain_variance_index(chain).level == pytest.approx(np.sqrt(total), rel=1e-3)
