"""Universal snapshots show the quotes that a client of the stream has received."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.market.market import SyntheticMarket
from simulator.stream.last_quotes import last_quotes
from simulator.stream.trade_blocks import Blocks
from simulator.stream.trade_log import TradeLog
from simulator.stream.trade_pool import RARELY_QUOTED, UNQUOTED, Pool, build_pool
from tests.simulator.servers import INSTANT, SEED, Server
from tests.simulator.streams import connected

SECOND = int(INSTANT.timestamp()) + 40
NOW_MS = SECOND * 1000 + 2400
PRICES = ("bid", "ask", "bid_size", "ask_size")


@pytest.fixture(scope="module")
def pool(market: SyntheticMarket) -> Pool:
    return build_pool(market, INSTANT.date())


@pytest.fixture(scope="module")
def log(pool: Pool) -> TradeLog:
    """Four seconds of the stream."""
    log, blocks = TradeLog(), Blocks(pool, SEED, 500, SECOND)
    for second in range(4):
        log.append(pool, blocks.at(SECOND + second))
    return log


def test_the_newest_quote_until_now_is_returned(pool: Pool, log: TradeLog) -> None:
    blocks = Blocks(pool, SEED, 500, SECOND)
    sent = np.concatenate([blocks.at(SECOND + second).quotes for second in range(4)])
    wanted = {
        str(pool.listing.ticker[row["contract"]]): (row["ms"], *(row[name] for name in PRICES))
        for row in sent[sent["ms"] <= NOW_MS]
    }
    later = set(pool.listing.ticker[sent["contract"]].tolist()) - set(wanted)
    assert len(wanted) > 500
    assert len(later) > 100

    found = last_quotes(log, [*wanted, *later], NOW_MS)
    assert set(found) == set(wanted)
    for ticker, quote in found.items():
        assert quote is not None
        assert (quote["last_updated"] // 1_000_000, *(quote[name] for name in PRICES)) == wanted[ticker]


def test_a_rarely_quoted_contract_has_the_quote_of_its_minute(pool: Pool, log: TradeLog) -> None:
    minute = int(INSTANT.timestamp())
    quotes = Blocks(pool, SEED, 500, minute).at(minute).quotes
    rare = quotes[pool.habit[quotes["contract"]] == RARELY_QUOTED]
    tickers = pool.listing.ticker[rare["contract"]].tolist()
    assert len(rare) > 50

    found = last_quotes(log, tickers, NOW_MS)
    for ticker, row in zip(tickers, rare, strict=True):
        wanted = {name: row[name] for name in PRICES} | {"last_updated": row["ms"] * 1_000_000}
        assert found[ticker] == wanted


def test_nothing_is_known_while_the_stream_does_not_run(pool: Pool, log: TradeLog) -> None:
    tickers = pool.listing.ticker[:50].tolist()
    assert last_quotes(TradeLog(), tickers, NOW_MS) == {}
    assert last_quotes(log, tickers, NOW_MS + 60_000) == {}


def test_the_snapshot_has_no_quote_of_a_contract_that_is_never_quoted(pool: Pool, streaming: Server) -> None:
    never_quoted = pool.listing.ticker[pool.habit == UNQUOTED].tolist()
    unquoted = never_quoted[:100]
    with connected(streaming, key="last quotes") as socket:
        socket.send("subscribe", "T.*")
        traded = sorted({trade["sym"] for trade in socket.trades(1000)} - set(never_quoted))[:100]
    path, limit = "/v3/snapshot", {"limit": 250}
    rows = streaming.get(path, **{"ticker.any_of": ",".join(unquoted + traded)}, **limit).json()["results"]
    quotes = {row["ticker"]: row.get("last_quote") for row in rows}

    assert {quotes[ticker] for ticker in unquoted} == {None}
    newest = 0
    for ticker in traded[:20]:
        shown = quotes[ticker]
        history = streaming.get(f"/v3/quotes/{ticker}", timestamp=shown["last_updated"]).json()
        for quote in history["results"]:
            newest += (quote["bid_price"], quote["ask_price"]) == (shown["bid"], shown["ask"])
    assert newest == 20
