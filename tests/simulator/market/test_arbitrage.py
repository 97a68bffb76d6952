"""True prices are free of static arbitrage, and the quotes contain them.

IWM has cash dividends and TSLA has none; both have American options, the indices European ones.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from simulator.market.market import ChainTruth, SyntheticMarket
from simulator.market.surface import variance_swap
from simulator.market.synthetic_chain import synthetic_chain
from simulator.universe.instruments import INSTRUMENTS
from tests.simulator.servers import INSTANT

SYMBOLS = ("SPX", "NDX", "IWM", "TSLA")
INSTANTS = (
    INSTANT,
    dt.datetime(2026, 3, 20, 19, 59, tzinfo=dt.UTC),
    dt.datetime(2024, 12, 24, 17, tzinfo=dt.UTC),
)


@pytest.fixture(params=[(s, i) for s in SYMBOLS for i in INSTANTS], ids=lambda p: f"{p[0]}-{p[1]:%Y-%m-%d}")
def truth(request: pytest.FixtureRequest, market: SyntheticMarket) -> ChainTruth:
    return market.chain_truth(*request.param)


def _slices(truth: ChainTruth, is_call: bool) -> list[np.ndarray]:
    """Return the row numbers of each live series, strikes ascending."""
    listing = truth.listing
    slices = []
    for root in np.unique(listing.root):
        for expiration in np.unique(listing.expiration):
            rows = np.flatnonzero(
                (listing.root == root)
                & (listing.expiration == expiration)
                & (listing.is_call == is_call)
                & (truth.years > 0)
            )
            if len(rows) > 2:
                slices.append(rows[np.argsort(listing.strike[rows])])
    return slices


def test_no_butterfly_has_a_negative_price(truth: ChainTruth) -> None:
    # European prices are exact to about 1e-15 of the spot, and strikes at least a dollar apart. American ones contain
    # an interpolated premium.
    noise = 1e-4 if truth.terms.is_american else 1e-13
    for is_call in (True, False):
        for rows in _slices(truth, is_call):
            strike, price = truth.listing.strike[rows], truth.price[rows]
            slope = np.diff(price) / np.diff(strike)
            allowed = noise * truth.spot / np.diff(strike).min()
            steepness = -slope if is_call else slope
            assert np.all(np.diff(slope) >= -allowed)
            assert np.all(steepness >= -allowed)
            assert np.all(steepness <= 1.0 + allowed)


def test_total_variance_does_not_decrease_with_maturity(truth: ChainTruth) -> None:
    years, variance = [], []
    for rows in _slices(truth, True):
        k = np.log(truth.listing.strike[rows] / truth.forward[rows])
        w = truth.volatility[rows] ** 2 * truth.years[rows]
        years.append(truth.years[rows[0]])
        variance.append(np.interp([-0.05, -0.02, 0.0, 0.02, 0.05], k, w))
    ordered = np.array(variance)[np.argsort(years)]

    # The error of interpolating between strikes is far below this.
    assert np.all(np.diff(ordered, axis=0) >= -2e-5)


def test_puts_and_calls_satisfy_parity(truth: ChainTruth) -> None:
    """European options satisfy it exactly; American ones lie between its bounds (Hull, Options, section 15.12)."""
    listing = truth.listing
    for calls, puts in zip(_slices(truth, True), _slices(truth, False), strict=True):
        strike, rate, years = listing.strike[calls], truth.rate[calls], truth.years[calls]
        assert np.array_equal(strike, listing.strike[puts])
        assert np.array_equal(truth.forward[calls], truth.forward[puts])
        difference = truth.price[calls] - truth.price[puts]
        if not truth.terms.is_american:
            parity = np.exp(-rate * years) * (truth.forward[calls] - strike)
            assert difference == pytest.approx(parity, abs=1e-8 * truth.spot)
            continue
        state = truth.state
        low = state.lognormal[calls] * np.exp(-truth.borrow * years) - strike
        high = state.delivered[calls] - strike * np.exp(-rate * years)
        # Exercise is recognised up to the error of a table, 4e-6 of the strike.
        assert np.all(difference >= low - 5e-6 * strike)
        assert np.all(difference <= high + 5e-6 * strike)


def test_american_prices_are_not_below_european_ones_or_the_payoff(truth: ChainTruth) -> None:
    state, listing = truth.state, truth.listing
    alive = truth.years > 0
    sign = np.where(listing.is_call, 1.0, -1.0)
    if not truth.terms.is_american:
        assert not truth.premium.any()
        return
    assert np.all(truth.price >= np.maximum(sign * (state.delivered - listing.strike), 0.0))
    assert np.all(truth.premium[alive] >= -2e-5 * truth.spot)
    puts = alive & ~listing.is_call
    assert truth.premium[puts].max() > 1e-3 * truth.spot


@pytest.mark.parametrize("symbol", ["SPX", "SPY", "TSLA"])
def test_quotes_contain_the_true_price_and_are_on_the_tick_grid(market: SyntheticMarket, symbol: str) -> None:
    truth, table = market.chain_truth(symbol, INSTANT), synthetic_chain(market, symbol, INSTANT)

    assert np.all(table.bid <= truth.price + 1e-9)
    assert np.all(table.ask >= truth.price - 1e-9)
    assert np.all(table.bid < table.ask)
    low, high = INSTRUMENTS[symbol].options.ticks
    tick = np.where(truth.price < 3.0, low, high)
    assert np.abs(table.ask / tick - np.rint(table.ask / tick)).max() < 1e-6
    assert 0.01 < np.mean(table.bid == 0.0) < 0.25


def test_the_skew_falls_and_vix_replicates_the_surface(market: SyntheticMarket) -> None:
    truth = market.chain_truth("SPX", INSTANT)
    rows = next(rows for rows in _slices(truth, True) if abs(truth.years[rows[0]] * 365 - 36) < 3)
    volatility = np.interp(
        [0.9 * truth.spot, truth.spot, 1.05 * truth.spot], truth.listing.strike[rows], truth.volatility[rows]
    )
    assert volatility[0] > volatility[1] + 0.05 > volatility[2] + 0.05

    # The model-free index, replicated from the series of about thirty days.
    strike, price = truth.listing.strike[rows], truth.price[rows]
    carry = np.exp(-truth.rate[rows] * truth.years[rows])
    puts = price - carry * (truth.forward[rows] - strike)
    cheap = np.minimum(price, puts) / carry
    replicated = np.sqrt(2 * np.trapezoid(cheap / strike**2, strike) / truth.years[rows[0]]) * 100
    assert market.spot("VIX", INSTANT) == pytest.approx(replicated, abs=1.0)
    flat = variance_swap(INSTRUMENTS["SPX"].skew, np.array([0.01]))
    assert flat[0] > 0.01
