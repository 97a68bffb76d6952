"""Past sessions: ranges of bars, single sessions, contract lists and chains agree with each other."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant.sessions import close_of, sessions
from simulator.market.bar_store import BarStore
from simulator.market.market import SyntheticMarket
from simulator.market.synthetic_chain import synthetic_chain
from tests.simulator.servers import Server

# Thanksgiving week: a holiday, an early close, and the change of month, when strikes are added.
FIRST, LAST = dt.date(2025, 11, 24), dt.date(2025, 12, 5)
HALF_DAY = dt.date(2025, 11, 28)


@pytest.fixture(scope="module")
def traded(market: SyntheticMarket) -> list[str]:
    """Contracts near the money: one settled in the range, one settled after it, one listed within it."""
    table = synthetic_chain(market, "SPY", close_of(FIRST))
    near = np.abs(table.strike / table.spot - 1) < 0.004
    chosen = [
        str(table.ticker[near & (table.expiration == np.datetime64(day))][0])
        for day in ("2025-11-26", "2025-12-19")
    ]
    later = synthetic_chain(market, "SPY", close_of(LAST))
    near = np.abs(later.strike / later.spot - 1) < 0.004
    new = near & ~np.isin(later.ticker, table.ticker)
    return [*chosen, str(later.ticker[new][np.argmax(np.nan_to_num(later.day_volume[new]))])]


def test_bars_of_a_range_are_those_of_its_sessions(market: SyntheticMarket, traded: list[str]) -> None:
    store, days = BarStore(market), sessions(FIRST, LAST)
    for ticker in traded:
        whole = store.contract_until(ticker, days, "minute", close_of(LAST))
        alone = [store.minutes(ticker, day) for day in days]
        assert len(whole.start) > 20
        for column, parts in zip(whole, zip(*alone, strict=True), strict=True):
            np.testing.assert_array_equal(column, np.concatenate(parts))


def test_bars_of_a_session_agree_with_its_closing_chain(market: SyntheticMarket, traded: list[str]) -> None:
    store = BarStore(market)
    for day in (FIRST, HALF_DAY, LAST):
        table = synthetic_chain(market, "SPY", close_of(day))
        for ticker in traded:
            bars, row = store.minutes(ticker, day), table.find(ticker)
            if row is None:
                assert not len(bars.start)
            elif len(bars.start):
                assert bars.volume.sum() == table.day_volume[row]
                assert bars.close[-1] == table.trade_price[row]
                assert bars.start[-1] < close_of(day).timestamp()


def test_past_contract_lists_contain_the_contracts_of_past_chains(
    server: Server, market: SyntheticMarket
) -> None:
    chain = set(synthetic_chain(market, "IWM", close_of(dt.date(2026, 1, 7))).ticker.tolist())
    bounds = {"expiration_date.gte": "2026-01-07", "expiration_date.lte": "2026-01-30"}
    listed = server.walk(
        "/v3/reference/options/contracts", underlying_ticker="IWM", expired="true", limit=1000, **bounds
    )
    by_end = {row["ticker"] for row in listed}
    then = {ticker for ticker in chain if "260107" <= ticker[5:11] <= "260130"}
    assert len(then) > 500
    assert then <= by_end
