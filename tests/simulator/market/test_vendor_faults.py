"""Invalid greeks of the provider at their stated rate, and stale levels of indices beside live quotes."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant.sessions import close_of, open_of, previous_session
from simulator.market.chain_table import ChainTable
from simulator.market.market import SyntheticMarket
from simulator.market.synthetic_chain import STALE_SHARE, level_delay, synthetic_chain
from simulator.market.vendor_greeks import JUNK, JUNK_SHARE, junk_kinds
from tests.simulator.servers import INSTANT


@pytest.fixture(scope="module")
def table(market: SyntheticMarket) -> ChainTable:
    return synthetic_chain(market, "SPX", INSTANT)


@pytest.fixture(scope="module")
def kinds(market: SyntheticMarket) -> np.ndarray:
    return junk_kinds(market.chain_truth("SPX", INSTANT).listing.key, INSTANT.date())


def test_the_share_of_invalid_rows_is_as_stated(kinds: np.ndarray) -> None:
    assert JUNK_SHARE == 0.004
    # Three standard deviations of a share of 23,600 rows.
    assert np.mean(kinds >= 0) == pytest.approx(JUNK_SHARE, abs=0.0012)
    assert set(kinds.tolist()) == set(range(-1, len(JUNK)))


def test_every_kind_of_invalid_row_is_served(table: ChainTable, kinds: np.ndarray) -> None:
    calls = table.is_call

    def sent(volatility: float) -> np.ndarray:
        return table.volatility == volatility

    assert np.array_equal(sent(1e-05), kinds == 0)
    assert np.array_equal(sent(25.0), kinds == 1)
    assert np.array_equal(table.gamma == 1368.0, kinds == 2)
    assert np.all((table.delta < 0)[calls & (kinds == 3)])
    assert np.all((table.delta > 0)[~calls & (kinds == 3)])
    assert np.array_equal(sent(0.00016), kinds == 4)
    assert np.all(table.gamma[kinds == 4] == -1.67e-8)
    assert np.all(np.isnan(table.gamma[kinds == 5]))
    assert np.all(np.isnan(table.delta[kinds == 6]) & np.isnan(table.volatility[kinds == 6]))


def test_all_other_rows_are_possible(market: SyntheticMarket, table: ChainTable, kinds: np.ndarray) -> None:
    good = (kinds < 0) & ~np.isnan(table.volatility)
    sign = np.where(table.is_call, 1.0, -1.0)

    assert good.mean() > 0.7
    assert np.all((sign * table.delta)[good] >= 0)
    assert np.all(table.gamma[good] >= 0)
    assert table.volatility[good].min() > 0.05
    assert table.volatility[good].max() < 10.0


def test_a_row_is_invalid_for_the_whole_session(market: SyntheticMarket, kinds: np.ndarray) -> None:
    later = synthetic_chain(market, "SPX", INSTANT + dt.timedelta(hours=2))

    assert np.array_equal(later.gamma == 1368.0, kinds == 2)


def test_american_greeks_are_those_of_the_premium_too(market: SyntheticMarket) -> None:
    """Deep puts of a stock without dividends are exercised at once: delta is -1 and theta 0."""
    truth = market.chain_truth("TSLA", INSTANT)
    near = (truth.years > 0) & (truth.years < 0.03)
    deep = near & ~truth.listing.is_call & (truth.listing.strike > 1.3 * truth.spot)

    assert deep.sum() > 5
    assert np.all(truth.greeks.delta[deep] == -1.0)
    assert np.all(truth.greeks.gamma[deep] == 0.0)
    assert np.all(truth.greeks.theta[deep] == 0.0)
    assert truth.price[deep] == pytest.approx(truth.listing.strike[deep] - truth.spot, abs=1e-9)


@pytest.mark.parametrize("symbol", ["IWM", "AMD"])
def test_greeks_are_the_changes_of_prices(market: SyntheticMarket, symbol: str) -> None:
    """Between two minutes prices change by delta, gamma, theta and vega, apart from terms of higher order."""
    truth = market.chain_truth(symbol, INSTANT)
    later = market.chain_truth(symbol, INSTANT + dt.timedelta(minutes=30))
    held = (truth.years > 0.05) & (np.abs(truth.greeks.delta) > 0.05) & (np.abs(truth.greeks.delta) < 0.95)
    spot = (later.state.delivered - truth.state.delivered)[held]
    volatility = 100.0 * (later.volatility - truth.volatility)[held]
    greeks = [column[held] for column in truth.greeks]
    expected = greeks[0] * spot + 0.5 * greeks[1] * spot**2 + greeks[3] * volatility + greeks[2] / 48
    change = (later.price - truth.price)[held]

    assert held.sum() > 500
    assert np.abs(change - expected).max() < 3e-4 * truth.spot
    assert np.median(np.abs(change - expected)) < 3e-5 * truth.spot


def test_in_the_first_minute_an_index_has_the_last_close(market: SyntheticMarket) -> None:
    session = INSTANT.date()
    before = previous_session(session)
    first, second = (
        synthetic_chain(market, "SPX", open_of(session) + dt.timedelta(minutes=m)) for m in (0, 1)
    )

    assert first.spot == market.session("SPX", before).levels[-1]
    assert first.spot_ns == int(close_of(before).timestamp()) * 10**9
    assert first.quote_ns.max() // 10**9 >= int(open_of(session).timestamp()) - 60
    assert second.spot_ns > first.spot_ns


def test_a_share_of_quarter_hours_has_a_stale_index_value(market: SyntheticMarket) -> None:
    opens = int(open_of(INSTANT.date()).timestamp())
    delays = np.array([level_delay(market.seed, "RUT", opens + 900 * number) for number in range(4000)])

    assert np.mean(delays > 0) == pytest.approx(STALE_SHARE, abs=0.012)
    assert delays[delays > 0].min() >= 180
    assert delays.max() <= 900


def test_a_stale_index_value_is_that_of_its_own_time(market: SyntheticMarket) -> None:
    opens = open_of(INSTANT.date())
    found = {
        minute: level_delay(market.seed, "SPX", int((opens + dt.timedelta(minutes=minute)).timestamp()))
        for minute in range(20, 390, 15)
    }
    assert any(found.values())
    for minute, delay in found.items():
        if delay:
            instant = opens + dt.timedelta(minutes=minute)
            table = synthetic_chain(market, "SPX", instant)
            then = instant - dt.timedelta(seconds=delay)
            assert (table.spot, table.spot_ns) == (market.spot("SPX", then), int(then.timestamp()) * 10**9)
            assert table.quote_ns.max() > (instant.timestamp() - 60) * 1e9


def test_the_level_of_a_fund_is_never_stale(market: SyntheticMarket) -> None:
    opens = open_of(INSTANT.date())
    for minute in range(0, 390, 130):
        instant = opens + dt.timedelta(minutes=minute)
        assert synthetic_chain(market, "IWM", instant).spot_ns == int(instant.timestamp()) * 10**9
