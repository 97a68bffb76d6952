"""The part read of a session's last chain gives exactly the same measures as the whole chain."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ingestion.chains.closing_chain import last_chain
from quant.chain import OptionChain
from quant.contracts import format_ticker
from quant.sessions import years_to_expiry
from quant.volatility import constant_maturity as measures
from tests.warehouse.rows import add_curve
from warehouse import clock, partitions
from warehouse.loading import bulk
from warehouse.models import HistoricalGreeks

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SESSION = date(2026, 11, 18)
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
CLOSE_MS = clock.epoch_ms(CLOSE)
SPOT = 6512.25
MEASURES = (
    measures.constant_maturity_iv,
    measures.documented_iv,
    measures.term_slope,
    measures.risk_reversal_25d,
)


@pytest.fixture(autouse=True)
def evening(settings):
    settings.CLOCK_OFFSET_MS = round((CLOSE - datetime.now(UTC)).total_seconds() * 1000)


def random_chain(seed: int, expirations: int = 16, strikes: int = 9) -> OptionChain:
    """A chain in which any settlement may lack its at-the-money pair, a wing, its quotes or everything."""
    random = np.random.default_rng(seed)
    days = np.sort(random.choice(np.arange(1, 110), expirations, replace=False))
    roots = random.choice(["SPX", "SPXW", "SPXW1"], expirations, p=[0.3, 0.6, 0.1])
    # The same day settled in the morning, in the evening, and by an adjusted contract beside it.
    days, roots = np.append(days, days[3:6]), np.append(roots, ["SPX", "SPXW", "SPXW1"])
    _, first = np.unique([f"{root}{day}" for root, day in zip(roots, days, strict=True)], return_index=True)
    days, roots = days[first], roots[first]
    of, place, is_call = (
        grid.ravel() for grid in np.meshgrid(np.arange(len(days)), np.arange(strikes), [True, False])
    )
    strike = 6500.0 + 50.0 * (place - strikes // 2)
    expiration = np.datetime64(SESSION, "D") + days[of]
    mid = np.round(
        np.maximum(np.where(is_call, 1, -1) * (SPOT - strike), 0) + random.uniform(5, 60, len(of)), 2
    )
    fault = random.choice(
        ["", "no volatility", "wide", "no quote", "no delta", "puts only"], len(days), p=[0.5, *[0.1] * 5]
    )[of]
    half = np.where(fault == "wide", 0.4 * mid, 0.05)
    delta = np.where(is_call, 1.0, 0.0) - np.clip(0.5 + (strike - SPOT) / 600, 0.02, 0.98)
    missing = (fault == "no volatility") | ((fault == "puts only") & is_call) | (random.random(len(of)) < 0.1)
    unquoted = fault == "no quote"
    chain = OptionChain.of(
        root=roots[of],
        expiration=expiration,
        is_call=is_call,
        strike=strike,
        years=years_to_expiry(roots[of], expiration, CLOSE),
        bid=np.where(unquoted, np.nan, np.round(mid - half, 2)),
        ask=np.where(unquoted, np.nan, np.round(mid + half, 2)),
        delta=np.where(fault == "no delta", np.nan, delta),
        implied_volatility=np.where(missing, np.nan, random.uniform(0.1, 0.3, len(of))),
        spot=SPOT,
    )
    return chain.select(np.argsort(tickers(chain)))


def tickers(chain: OptionChain) -> np.ndarray:
    return format_ticker(chain.root, chain.expiration, chain.is_call, chain.strike)


def store(chain: OptionChain) -> None:
    partitions.ensure("historical_greeks", CLOSE_MS, CLOSE_MS)
    stored = bulk.insert_rows(
        HistoricalGreeks,
        {
            "symbol": "SPX",
            "timestamp": CLOSE_MS,
            "contract_ticker": tickers(chain),
            "option_type": np.where(chain.is_call, "call", "put"),
            "strike": chain.strike,
            "expiration": chain.expiration,
            "dte": 30,
            "underlying_price": chain.spot,
            "bid": chain.bid,
            "ask": chain.ask,
            "delta": chain.delta,
            "implied_volatility": chain.implied_volatility,
            "iv_status": "ok",
            "source": "live",
            "fetched_at": CLOSE_MS,
            "method_version": "test",
        },
    )
    assert stored == len(chain)


def standard(chain: OptionChain) -> OptionChain:
    return chain.select(~np.char.endswith(chain.root, "1"))


def measured(chain: OptionChain) -> list[float]:
    return [measure(standard(chain)) for measure in MEASURES]


@pytest.mark.parametrize("seed", range(16))
def test_the_measures_are_those_of_the_whole_chain(seed):
    whole = random_chain(seed)
    store(whole)
    slot, read = last_chain("SPX", SESSION)
    assert slot == CLOSE_MS
    np.testing.assert_array_equal(measured(read), measured(whole), strict=True)


@pytest.mark.parametrize("settlements", range(1, 6))
def test_the_measures_of_a_chain_of_few_expirations_are_the_same(settlements):
    whole = random_chain(settlements)
    few = np.random.default_rng(settlements).choice(np.unique(whole.years), settlements, replace=False)
    whole = whole.select(np.flatnonzero(np.isin(whole.years, few)))
    store(whole)
    np.testing.assert_array_equal(measured(last_chain("SPX", SESSION)[1]), measured(whole), strict=True)


def test_adjusted_contracts_are_not_read():
    whole = random_chain(5)
    assert len(standard(whole)) < len(whole)
    store(whole)
    _, read = last_chain("SPX", SESSION)
    assert set(read.root.tolist()) <= {"SPX", "SPXW"}


def test_the_stored_forward_and_rate_are_read_with_the_contracts():
    whole = standard(random_chain(1))
    store(whole)
    _, before = last_chain("SPX", SESSION)
    known = before.root[0], before.expiration[0]
    add_curve(CLOSE_MS, root=known[0], expiration=known[1].item(), forward=6543.0, rate=0.041)
    _, read = last_chain("SPX", SESSION)
    of_known = (read.root == known[0]) & (read.expiration == known[1])
    assert of_known.any()
    np.testing.assert_array_equal(read.forward, np.where(of_known, 6543.0, np.nan))
    np.testing.assert_array_equal(read.rate, np.where(of_known, 0.041, np.nan))


def test_most_of_a_long_chain_is_not_read():
    whole = random_chain(1, expirations=60)
    store(whole)
    _, read = last_chain("SPX", SESSION)
    assert 0 < len(read) < len(whole) / 3
    assert np.isfinite(measured(read)).all()


def test_a_chain_without_volatilities_is_read_completely():
    whole = random_chain(2)
    unknown = whole.select(np.isnan(whole.implied_volatility))
    store(unknown)
    _, read = last_chain("SPX", SESSION)
    assert (len(read), read.spot) == (len(standard(unknown)), SPOT)


def test_contracts_without_a_volatility_are_read_with_their_quotes():
    whole = random_chain(1)
    store(whole)
    whole = standard(whole)
    _, read = last_chain("SPX", SESSION)
    of_read = np.isin(whole.years, read.years)
    assert len(read) == np.count_nonzero(of_read)
    np.testing.assert_array_equal(np.sort(read.bid), np.sort(whole.bid[of_read]))
    assert np.isnan(read.implied_volatility).any()


def test_contracts_settled_at_the_snapshot_are_not_read():
    whole = random_chain(3)
    store(whole)
    one_day = whole.select(whole.years == whole.years[0])
    today = np.full(len(one_day), np.datetime64(SESSION, "D"))
    store(dataclasses.replace(one_day, expiration=today))
    _, read = last_chain("SPX", SESSION)
    np.testing.assert_array_equal(measured(read), measured(whole), strict=True)
    assert read.years.min() > 0


def test_without_the_closing_snapshot_the_one_before_is_used():
    earlier = CLOSE_MS - timedelta(minutes=15) // timedelta(milliseconds=1)
    store(random_chain(4))
    HistoricalGreeks.objects.update(timestamp=earlier)
    slot, _ = last_chain("SPX", SESSION)
    assert slot == earlier
