"""The provider's official WebSocket client reads the stream, which shows that the protocol is correct."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from massive import WebSocketClient
from massive.websocket.models import EquityTrade, IndexValue, Market

from tests.simulator.servers import Server
from tests.simulator.streams import truth


class _Enough(Exception):
    """Raised when enough messages have arrived."""


def _receive(server: Server, market: Market, subscriptions: list[str], kinds: dict[str, int]) -> list[Any]:
    """Return messages parsed by the official client, at least the given number of each kind."""
    received: list[Any] = []
    client = WebSocketClient(
        "official",
        feed=server.base_url.removeprefix("http://"),
        market=market,
        subscriptions=subscriptions,
        secure=False,
    )

    async def listen(messages: list[Any]) -> None:
        received.extend(messages)
        if all(sum(one.event_type == kind for one in received) >= kinds[kind] for kind in kinds):
            raise _Enough

    async def session() -> None:
        try:
            await client.connect(listen)
        finally:
            await client.close()

    with pytest.raises(_Enough):
        asyncio.run(asyncio.wait_for(session(), 10))
    return received


def test_it_reads_trades_and_quotes(streaming: Server) -> None:
    some = _receive(streaming, Market.Options, ["T.*"], {"T": 2000})
    tickers = sorted({trade.symbol for trade in some})[:500]
    pairs = ["T.*", *(f"Q.{ticker}" for ticker in tickers)]
    received = _receive(streaming, Market.Options, pairs, {"T": 2000, "Q": 20})

    trades = [one for one in received if one.event_type == "T"]
    quotes = [one for one in received if one.event_type == "Q"]
    assert isinstance(trades[0], EquityTrade)
    first, last = trades[0].timestamp, trades[-1].timestamp
    rows = {row["q"]: row for row in truth(streaming, first, last)}
    for trade in trades:
        row = rows.get(trade.sequence_number)
        if row is not None:  # the truth of the last second is available after its end
            assert (trade.symbol, trade.price, trade.size) == (row["ticker"], row["price"], row["size"])
            assert trade.exchange == row["exchange"]
            assert (trade.conditions or [0]) == [row["condition"]]
    for quote in quotes:
        assert quote.symbol in tickers
        assert quote.ask_price > 0
        assert quote.ask_size > 0


def test_it_reads_index_values(streaming: Server) -> None:
    received = _receive(streaming, Market.Indices, ["V.I:SPX", "V.I:VIX"], {"V": 2})

    assert {value.ticker for value in received} == {"I:SPX", "I:VIX"}
    assert isinstance(received[0], IndexValue)
    assert all(value.value > 8 for value in received)


def test_it_reads_etf_trades(streaming: Server) -> None:
    received = _receive(streaming, Market.Stocks, ["T.SPY"], {"T": 1})

    assert received[0].symbol == "SPY"
    assert 400 < received[0].price < 900
