"""A session backfilled from the simulated market has exactly that market's trades."""

from __future__ import annotations

from datetime import date

import pytest

from flow.history.backfill import backfill_flow
from provider.client import MassiveClient
from quant.contracts import format_ticker
from simulator.market.days import Days
from simulator.market.market import SyntheticMarket
from simulator.market.option_trades import tape
from tests.partitions import drop_partitions
from tests.simulator.servers import INSTANT, SEED, offset_ms, simulator
from warehouse import clock
from warehouse.models import OptionsFlow
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

SESSION, FRIDAY = date(2026, 3, 10), date(2026, 3, 20)


@pytest.fixture
def spy(at_market_time):
    at_market_time(INSTANT)
    add_default_symbols(["SPY"])
    yield
    drop_partitions()


def truth(market: SyntheticMarket, ticker: str) -> dict[int, tuple]:
    """Return the contract's trades by sequence number: ms, price, size."""
    contract, listed = market.listings.contract("SPY", ticker, [SESSION])
    assert listed == [SESSION]
    found = tape(market, "SPY", Days.each(listed), contract)
    trades = found.trades
    columns = (found.sequence, trades.ns // 1_000_000, trades.price, found.size)
    return {
        number: (at, round(price, 2), size)
        for number, at, price, size in zip(*(column.tolist() for column in columns), strict=True)
    }


def test_every_large_trade_of_the_session_is_stored_exactly(spy):
    market = SyntheticMarket(SEED)
    spot = market.session("SPY", SESSION).levels[-1]
    tickers = [
        str(format_ticker("SPY", FRIDAY, is_call, round(float(spot)) + away))
        for is_call in (True, False)
        for away in (0, 3)
    ]
    with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset_ms())) as server:
        done = backfill_flow(
            "SPY", SESSION, tickers, lambda: MassiveClient(server.base_url, "any-key"), clock.now_ms()
        )
    made = {ticker: truth(market, ticker) for ticker in tickers}
    stored: dict[str, dict[int, tuple]] = {ticker: {} for ticker in tickers}
    for row in OptionsFlow.objects.all():
        stored[row.contract_ticker][row.sequence_number] = (row.timestamp, float(row.price), row.size)
    for ticker, trades in made.items():
        large = {number for number, trade_ in trades.items() if trade_[2] >= 10}
        assert large <= set(stored[ticker])
        assert stored[ticker] == {number: trades[number] for number in stored[ticker]}
    assert done.trades == sum(map(len, made.values())) > 500
    assert done.stored == sum(map(len, stored.values())) == done.trades - done.filtered
    assert done.rejected == {}
