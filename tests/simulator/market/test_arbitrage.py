"""The true prices leave nobody a free lunch, and the quotes contain them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from simulator.market.market import ChainTruth, SyntheticMarket
from simulator.market.surface import variance_swap
from simulator.market.synthetic_chain import synthetic_chain
from simulator.market.universe import INSTRUMENTS
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
    """Row numbers of each live series, strikes ascending."""
    listing = truth.listing
    found = []
    for root in np.unique(listing.root):
        for expiration in np.unique(listing.expiration):
            rows = np.flatnonzero(
                (listing.root == root)
                & (listing.expiration == expiration)
                & (listing.is_call == is_call)
                & (truth.years > 0)
            )
            if len(rows) > 2:
                found.append(rows[np.argsort(listing.strike[rows])])
    return found


def test_no_butterfly_costs_less_than_nothing(truth: ChainTruth) -> None:
    for rows in _slices(truth, True):
        strike, price = truth.listing.strike[rows], truth.price[rows]
        slope = np.diff(price) / np.diff(strike)
        # Rounding alone: prices are good to some 1e-15 of the spot, over strikes at least a dollar apart.
        assert np.all(np.diff(slope) >= -1e-13 * truth.spot)
        assert np.all(slope <= 1e-13 * truth.spot)
        assert np.all(slope >= -1.0 - 1e-13 * truth.spot)


def test_total_variance_never_falls_with_maturity(truth: ChainTruth) -> None:
    years, variance = [], []
    for rows in _slices(truth, True):
        k = np.log(truth.listing.strike[rows] / truth.forward[rows])
        w = truth.volatility[rows] ** 2 * truth.years[rows]
        years.append(truth.years[rows[0]])
        variance.append(np.interp([-0.05, -0.02, 0.0, 0.02, 0.05], k, w))
    ordered = np.array(variance)[np.argsort(years)]

    # Interpolating between strikes errs by far less than this.
    assert np.all(np.diff(ordered, axis=0) >= -2e-5)


def test_puts_and_calls_agree_on_the_forward(truth: ChainTruth) -> None:
    listing = truth.listing
    for calls, puts in zip(_slices(truth, True), _slices(truth, False), strict=True):
        assert np.array_equal(listing.strike[calls], listing.strike[puts])
        parity = np.exp(-truth.rate * truth.years[calls]) * (truth.forward[calls] - listing.strike[calls])
        assert truth.price[calls] - truth.price[puts] == pytest.approx(parity, abs=1e-8 * truth.spot)


@pytest.mark.parametrize("symbol", ["SPX", "SPY", "TSLA"])
def test_quotes_contain_the_true_price_and_lie_on_the_grid(market: SyntheticMarket, symbol: str) -> None:
    truth, table = market.chain_truth(symbol, INSTANT), synthetic_chain(market, symbol, INSTANT)

    assert np.all(table.bid <= truth.price + 1e-9)
    assert np.all(table.ask >= truth.price - 1e-9)
    assert np.all(table.bid < table.ask)
    low, high = INSTRUMENTS[symbol].options.ticks
    tick = np.where(truth.price < 3.0, low, high)
    assert np.abs(table.ask / tick - np.rint(table.ask / tick)).max() < 1e-6
    assert 0.01 < np.mean(table.bid == 0.0) < 0.25


def test_the_skew_falls_and_the_volatility_index_is_that_of_the_surface(market: SyntheticMarket) -> None:
    truth = market.chain_truth("SPX", INSTANT)
    rows = next(rows for rows in _slices(truth, True) if abs(truth.years[rows[0]] * 365 - 36) < 3)
    volatility = np.interp(
        [0.9 * truth.spot, truth.spot, 1.05 * truth.spot], truth.listing.strike[rows], truth.volatility[rows]
    )
    assert volatility[0] > volatility[1] + 0.05 > volatility[2] + 0.05

    # The index is the model-free one: its own replication from the series around thirty days.
    strike, price = truth.listing.strike[rows], truth.price[rows]
    carry = np.exp(-truth.rate * truth.years[rows])
    puts = price - carry * (truth.forward[rows] - strike)
    cheap = np.minimum(price, puts) / carry
    replicated = np.sqrt(2 * np.trapezoid(cheap / strike**2, strike) / truth.years[rows[0]]) * 100
    assert market.spot("VIX", INSTANT) == pytest.approx(replicated, abs=1.0)
    flat = variance_swap(INSTRUMENTS["SPX"].skew, np.array([0.01]))
    assert flat[0] > 0.01
