"""The stream, the truth endpoint and REST agree on the trades of the same seconds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pytest

from simulator.market.market import SyntheticMarket
from simulator.market.synthetic_chain import midnight_ns, synthetic_chain
from simulator.rest.plans import plan
from simulator.stream.trade_blocks import Blocks
from simulator.stream.trade_orders import CANCEL
from simulator.stream.trade_pool import RARELY_QUOTED, UNQUOTED, Pool, build_pool
from simulator.world import World
from tests.simulator.servers import INSTANT, SEED, Server
from tests.simulator.streams import connected, post, run, truth

NAMES = {"sym": "ticker", "x": "exchange", "p": "price", "s": "size", "t": "ms", "q": "q"}


class Second(NamedTuple):
    """All events of the second that starts at `begin` (epoch ms), its truth rows, and the lag at its end."""

    begin: int
    trades: list[dict[str, Any]]
    events: list[dict[str, Any]]
    truth: list[dict[str, Any]]
    lag_ms: int


@pytest.fixture(scope="module")
def second(streaming: Server) -> Second:
    """A second with all trades, and the quotes of contracts that had just traded."""
    with connected(streaming, key="truth") as socket:
        socket.send("subscribe", "T.*")
        busy = sorted({trade["sym"] for trade in socket.trades(1500)})[:1000]
        socket.send("subscribe", ",".join(f"Q.{ticker}" for ticker in busy))
        events = (event for event in socket.events() if event["ev"] in ("T", "Q"))
        first_quote = next(event for event in events if event["ev"] == "Q")
        begin = (first_quote["t"] // 1000 + 1) * 1000
        received = []
        for event in events:
            if event["t"] >= begin + 1000:
                break
            if event["t"] >= begin:
                received.append(event)
    lag_ms = run(streaming)["now_ms"] - begin - 1000
    trades = [event for event in received if event["ev"] == "T"]
    return Second(begin, trades, received, truth(streaming, begin, begin + 999), lag_ms)


@pytest.fixture(scope="module")
def pool(market: SyntheticMarket) -> Pool:
    """The contracts that trade in the session."""
    return build_pool(market, INSTANT.date())


def test_five_thousand_trades_a_second_arrive_in_time(second: Second) -> None:
    assert 5000 <= len(second.trades) <= 5100
    assert second.lag_ms < 5000


def test_every_trade_is_sent_as_in_the_truth(second: Second) -> None:
    for event, row in zip(second.trades, second.truth, strict=True):
        assert {name: event[name] for name in NAMES} == {name: row[NAMES[name]] for name in NAMES}
        assert event.get("c", [0]) == [row["condition"]]
        assert set(event) <= {"ev", "sym", "x", "p", "s", "c", "t", "q"}
    assert any("c" not in event for event in second.trades)


def test_pages_of_the_truth_join_completely(streaming: Server, second: Second) -> None:
    assert truth(streaming, second.begin, second.begin + 999, limit=1370) == second.truth
    assert {row["side"] for row in second.truth} == {"buy", "sell", "unknowable"}
    assert all((row["side"] == "unknowable") is bool(row["reason"]) for row in second.truth)


def test_the_quote_before_a_trade_is_that_of_the_truth(second: Second) -> None:
    by_q = {row["q"]: row for row in second.truth}
    last: dict[str, dict[str, Any]] = {}
    explained = 0
    for event in second.events:
        if event["ev"] == "Q":
            last[event["sym"]] = event
        elif not by_q[event["q"]]["reason"] and event["sym"] in last:
            row, quote = by_q[event["q"]], last[event["sym"]]
            assert (quote["bp"], quote["ap"], quote["t"]) == (row["bid"], row["ask"], row["quote_ms"])
            assert (quote["bs"], quote["as"]) == (row["bid_size"], row["ask_size"])
            assert quote["q"] < event["q"]
            explained += 1
    assert explained > 100


@pytest.mark.parametrize("numbered", [True, False])
def test_rest_serves_the_same_trades(streaming: Server, second: Second, numbered: bool) -> None:
    run(streaming, rest_sequence_numbers=numbered)
    first, last = second.begin * 1_000_000, (second.begin + 1000) * 1_000_000
    span = {"timestamp.gte": first, "timestamp.lt": last, "order": "asc"}
    for ticker, _ in Counter(event["sym"] for event in second.trades).most_common(8):
        rows = streaming.get(f"/v3/trades/{ticker}", **span).json()["results"]
        sent = [event for event in second.trades if event["sym"] == ticker]

        assert len(sent) > 1
        for row, event in zip(rows, sent, strict=True):
            assert row["sip_timestamp"] // 1_000_000 == event["t"]
            assert (row["price"], row["size"]) == (event["p"], event["s"])
            assert row["exchange"] == event["x"]
            assert row.get("conditions") == event.get("c")
            assert row.get("sequence_number") == (event["q"] if numbered else None)
    run(streaming, rest_sequence_numbers=True)


def test_rest_serves_the_quotes_before_the_trades(streaming: Server, second: Second) -> None:
    first, last = second.begin * 1_000_000, (second.begin + 1000) * 1_000_000
    span = {"timestamp.gte": first, "timestamp.lt": last, "order": "asc"}
    explained = [row for row in second.truth if not row["reason"]]
    for ticker, _ in Counter(row["ticker"] for row in explained).most_common(8):
        quotes = streaming.get(f"/v3/quotes/{ticker}", **span).json()["results"]
        trades = streaming.get(f"/v3/trades/{ticker}", **span).json()["results"]
        stamp = {row["sequence_number"]: row["sip_timestamp"] for row in trades}
        for row in (row for row in explained if row["ticker"] == ticker):
            before = [quote for quote in quotes if quote["sip_timestamp"] < stamp[row["q"]]][-1]
            assert (before["bid_price"], before["ask_price"]) == (row["bid"], row["ask"])
            assert (before["bid_size"], before["ask_size"]) == (row["bid_size"], row["ask_size"])
            assert before["sip_timestamp"] // 1_000_000 == row["quote_ms"]


@pytest.mark.parametrize(("habit", "steps_ms"), [(UNQUOTED, set()), (RARELY_QUOTED, {60_000})])
def test_rest_follows_quoting_habits_before_the_stream_started(
    streaming: Server, second: Second, pool: Pool, habit: int, steps_ms: set[int]
) -> None:
    ticker = pool.listing.ticker[np.flatnonzero(pool.habit == habit)[0]]
    today = {"timestamp": INSTANT.date().isoformat(), "order": "asc", "limit": 50_000}
    rows = streaming.get(f"/v3/quotes/{ticker}", **today).json()["results"]
    assert set(np.diff([row["sip_timestamp"] // 1_000_000 for row in rows]).tolist()) == steps_ms
    assert (len(rows) > 100) is bool(steps_ms)


def test_the_volume_of_chains_includes_the_trades_of_the_stream(pool: Pool) -> None:
    world = World(SEED, plan("advanced"))
    date = INSTANT.date()
    minute = int(INSTANT.timestamp())
    blocks = Blocks(pool, 7, 200, minute + 55)
    before = world._chain("SPY", minute).day_volume
    for after in range(55, 60):
        world.trade_log.append(pool, blocks.at(minute + after))
    assert np.array_equal(world._chain("SPY", minute).day_volume, before, equal_nan=True)
    plain = synthetic_chain(world.market, "SPY", dt.datetime.fromtimestamp(minute + 60, dt.UTC))
    streamed = world._chain("SPY", minute + 60)
    traded: Counter[str] = Counter()
    for span, rows in world.trade_log.between(0, (minute + 60) * 1000):
        for row in rows[rows["kind"] != CANCEL]:
            traded[str(span.pool.listing.ticker[row["contract"]])] += int(row["size"])
    grown = np.nan_to_num(streamed.day_volume) - np.nan_to_num(plain.day_volume)
    today = plain.day_ns == midnight_ns(date)
    wanted = np.array([traded[ticker] for ticker in plain.ticker.tolist()])
    assert np.array_equal(grown[today], wanted[today])
    # Contracts without other trades today show today's date and only the volume of the stream.
    first = ~today & (wanted > 0)
    assert np.array_equal(streamed.day_volume[first], wanted[first])
    assert (streamed.day_ns[first] == midnight_ns(date)).all()
    assert wanted.sum() > 0


def test_settings_out_of_range_or_unknown_are_rejected(streaming: Server) -> None:
    rejected = post(streaming, "/simulator/stream", trades_per_second=100_001)

    assert rejected.status_code == 400
    assert "from 0 to 100,000" in rejected.json()["error"]
    assert post(streaming, "/simulator/stream", rate=1).status_code == 400
