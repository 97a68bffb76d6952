"""The tree agrees with QuantLib's finite differences, and its tables with the tree."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.market.market import SyntheticMarket
from tests.quant.pricing import quantlib_american
from tests.simulator.pricing.single_tree import (
    DAYS_PER_YEAR,
    Contract,
    contract_of,
    instants,
    sample,
    tree_price,
)

FAR_YEARS = 0.5


def _quantlib(one: Contract) -> float:
    terms = quantlib_american.Terms(
        one.is_call,
        one.spot,
        one.strike,
        round(one.years * DAYS_PER_YEAR),
        one.rate,
        one.borrow,
        one.volatility,
        tuple((round(time * DAYS_PER_YEAR), cash) for time, cash in one.dividends),
    )
    return quantlib_american.price(terms, 300, 600)


def test_the_tree_agrees_with_finite_differences_of_quantlib() -> None:
    errors = np.array([abs(tree_price(one, 256) - _quantlib(one)) / one.spot for one in sample(50, 5)])

    assert np.median(errors) < 1e-5
    assert errors.max() < 2e-4


def test_a_call_without_dividends_has_no_premium() -> None:
    one = Contract(True, 100.0, 90.0, 0.5, 0.05, 0.0, 0.3, ())
    # 100 N(0.7206) - 90 exp(-0.025) N(0.5084)
    assert tree_price(one, 128) == pytest.approx(15.4860, abs=2e-4)


def test_a_deep_put_is_exercised_at_once_but_waits_for_a_dividend() -> None:
    now = Contract(False, 100.0, 160.0, 0.25, 0.05, 0.0, 0.2, ())
    waiting = now._replace(dividends=((0.02, 2.0),))

    assert tree_price(now, 128) == pytest.approx(60.0, abs=1e-9)
    # The strike is received a week later, and the spot is 2 dollars lower then.
    assert tree_price(waiting, 128) == pytest.approx((160 + 2) * np.exp(-0.05 * 0.02) - 100, abs=1e-3)


def test_a_deep_call_is_exercised_before_a_dividend() -> None:
    one = Contract(True, 100.0, 60.0, 0.05, 0.05, 0.0, 0.2, ((0.02, 2.0),))

    assert tree_price(one, 128) == pytest.approx(100 - 60 * np.exp(-0.05 * 0.02), abs=1e-3)


@pytest.mark.parametrize("symbol", ["SPY", "NVDA", "AMD"])
def test_prices_of_chains_agree_with_the_tree(market: SyntheticMarket, symbol: str) -> None:
    """Differences are those of interpolation; they are largest at the boundary of exercise of far puts."""
    random = np.random.default_rng(3)
    near, far = [], []
    for instant in instants():
        truth = market.chain_truth(symbol, instant)
        for row in random.choice(np.flatnonzero(truth.years > 0), 30, replace=False).tolist():
            one, steps = contract_of(truth, row)
            error = abs(tree_price(one, steps) - truth.price[row]) / one.spot
            (far if one.years > FAR_YEARS else near).append(error)

    assert np.median(near) < 1e-6
    assert np.quantile(near, 0.98) < 2e-5
    assert max(near) < 6e-5
    assert max(far) < 1.5e-4
