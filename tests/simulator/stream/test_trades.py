"""Trades of a second: deterministic, consistent with the chain's quotes, and classified as intended."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant.trades.classification import classify
from quant.trades.trade_rate import trade_rates
from quant.trades.trade_values import Trades
from simulator.market.market import SyntheticMarket
from simulator.market.opra import TRADING_VENUES
from simulator.market.synthetic_chain import synthetic_chain
from simulator.stream.trade_blocks import KNOWN, QUOTE, REASONS, TRADE, Blocks
from simulator.stream.trade_orders import CANCEL, ISO_SWEEP, KINDS, LATE, SPLIT, SWEEP
from simulator.stream.trade_pool import CROSSED, RARELY_QUOTED, Pool, build_pool
from tests.simulator.servers import INSTANT, SEED

SECOND = int(INSTANT.timestamp()) + 40
RATE = 4000
REASON_SIDES = {
    "no_quote": "NONE_NO_QUOTE",
    "crossed": "NONE_CROSSED",
    "stale_quote": "NONE_STALE_QUOTE",
    "multi_leg": "NONE_MULTI_LEG",
    "not_market": "NONE_NOT_MARKET",
    "late": "NONE_LATE",
    "cancel": "NONE_CANCEL",
}


@pytest.fixture(scope="module")
def pool(market: SyntheticMarket) -> Pool:
    return build_pool(market, INSTANT.date())


@pytest.fixture(scope="module")
def trades(pool: Pool) -> np.ndarray:
    """Ten seconds of trades."""
    blocks = Blocks(pool, SEED, RATE, SECOND)
    return np.concatenate([blocks.at(SECOND + second).trades for second in range(10)])


def test_a_second_does_not_depend_on_earlier_requests(pool: Pool) -> None:
    walked = Blocks(pool, SEED, RATE, SECOND)
    for second in range(6):
        walked.at(SECOND + second)
    again = Blocks(build_pool(SyntheticMarket(SEED), INSTANT.date()), SEED, RATE, SECOND)
    other = Blocks(pool, SEED + 1, RATE, SECOND)

    first, second = walked.at(SECOND + 6), again.at(SECOND + 6)
    assert first.trades.tobytes() == second.trades.tobytes()
    assert first.quotes.tobytes() == second.quotes.tobytes()
    assert first.trades.tobytes() != other.at(SECOND + 6).trades.tobytes()


def test_sequence_numbers_increase_and_quotes_precede_their_trades(pool: Pool) -> None:
    block = Blocks(pool, SEED, RATE, SECOND).at(SECOND)
    following = Blocks(pool, SEED, RATE, SECOND).at(SECOND + 1)

    q = np.sort(np.concatenate((block.trades["q"], block.quotes["q"])))
    assert np.all(np.diff(q) > 0)
    assert np.diff(q).max() > 1
    assert following.quotes["q"].min() > q.max()
    known = block.trades[block.trades["reason"] == KNOWN]
    last = dict(zip(block.quotes["contract"].tolist(), block.quotes, strict=True))
    for trade in known:
        quote = last[int(trade["contract"])]
        assert quote["ms"] == trade["quote_ms"] < trade["ms"]
        assert quote["q"] < trade["q"]
        assert (quote["bid"], quote["ask"]) == (trade["bid"], trade["ask"])


def test_quotes_are_those_of_the_chain(pool: Pool, market: SyntheticMarket) -> None:
    second = int(INSTANT.timestamp())
    chain = synthetic_chain(market, "SPY", dt.datetime.fromtimestamp(second, dt.UTC))
    quotes = Blocks(pool, SEED, RATE, second).at(second).quotes
    tickers = pool.listing.ticker[quotes["contract"]]
    ours = np.flatnonzero(np.isin(tickers, chain.ticker) & (pool.habit[quotes["contract"]] != CROSSED))
    rows = np.searchsorted(chain.ticker, tickers[ours])

    assert len(ours) > 300
    for name in ("bid", "ask", "bid_size", "ask_size"):
        assert np.array_equal(quotes[name][ours], getattr(chain, name)[rows])


def test_rarely_quoted_contracts_have_the_quote_of_the_full_minute(pool: Pool) -> None:
    minute = SECOND // 60 * 60
    blocks = Blocks(pool, SEED, RATE, minute)
    quoted = {row["contract"]: row for row in blocks.at(minute).quotes}
    later = blocks.at(minute + 45).trades
    rare = later[pool.habit[later["contract"]] == RARELY_QUOTED]
    assert len(rare) > 10
    for trade in rare:
        quote = quoted[trade["contract"]]
        names = ("bid", "ask", "bid_size", "ask_size")
        assert [trade[name] for name in names] == [quote[name] for name in names]
        assert trade["quote_ms"] == quote["ms"]


def test_prices_are_at_between_or_beyond_bid_and_ask(trades: np.ndarray) -> None:
    known = trades[(trades["reason"] == KNOWN)]
    bought = known[known["side"] > 0]
    at, beyond = np.isclose(bought["price"], bought["ask"]), bought["price"] > bought["ask"] + 1e-9

    assert np.all(bought["price"] > 0.5 * (bought["bid"] + bought["ask"]) - 1e-9)
    assert 0.6 < at.mean() < 0.9
    assert 0.05 < beyond.mean() < 0.15
    assert set(known["side"].tolist()) == {1, -1}
    assert set(trades["kind"].tolist()) == set(range(len(KINDS)))
    assert set(trades["reason"].tolist()) == set(range(len(REASONS)))


def test_sweeps_use_several_exchanges_and_splits_one(trades: np.ndarray) -> None:
    for kind, several in ((SWEEP, True), (SPLIT, False)):
        rows = trades[trades["kind"] == kind]
        for order in np.unique(rows["order"]):
            fills = rows[rows["order"] == order]
            assert len(fills) >= 2
            assert (len(np.unique(fills["exchange"])) > 1) is several
            assert np.ptp(fills["ms"]) <= 3
            assert fills["size"].sum() >= 10
            assert len(np.unique(fills["contract"])) == len(np.unique(fills["side"])) == 1


def test_trades_of_an_order_are_closer_than_chance_explains(pool: Pool) -> None:
    # At most 0.5 % of independent trades at the contract's rate of the last minute come within this time of another.
    blocks = Blocks(pool, SEED, RATE, SECOND)
    trades = np.concatenate([blocks.at(SECOND + second).trades for second in range(70)])
    seen: dict[int, list[int]] = {}
    orders: dict[int, list[tuple[int, float]]] = {}
    for row in np.sort(trades[trades["kind"] != CANCEL], order=["ms", "q"]):
        times = seen.setdefault(int(row["contract"]), [])
        times.append(int(row["ms"]))
        lately = len(times) - np.searchsorted(times, times[-1] - 60_000, side="right")
        orders.setdefault(int(row["order"]), []).append((times[-1], min(500, 0.005 * 60_000 / lately)))
    several = [legs for legs in orders.values() if len(legs) > 1]
    assert len(several) > 15_000
    assert all(legs[-1][0] - legs[0][0] <= window for legs in several for _, window in legs)
    for times in seen.values():
        gaps = np.diff(times)
        assert ((gaps <= 1) | (gaps > 500)).all()


def test_every_symbol_has_intermarket_sweeps(pool: Pool, trades: np.ndarray) -> None:
    listed_on = {"SPX": {302}, "NDX": {307, 308, 323}}
    for symbol, span in pool.spans.items():
        own = trades[(trades["contract"] >= span.start) & (trades["contract"] < span.stop)]
        assert set(own[own["kind"] == ISO_SWEEP]["condition"].tolist()) == {219, 228, 230}
        assert (SWEEP in own["kind"]) is (symbol != "SPX")
        assert set(own["exchange"].tolist()) == listed_on.get(symbol, set(TRADING_VENUES))


def test_cancels_repeat_an_earlier_trade(trades: np.ndarray) -> None:
    canceled = trades[trades["kind"] == CANCEL]
    by_q = dict(zip(trades["q"].tolist(), trades, strict=True))

    assert len(canceled) > 20
    assert set(canceled["condition"].tolist()) == {201, 203}
    for row in canceled:
        original = by_q[int(row["cancels"])]
        reports = trades[
            (trades["contract"] == row["contract"]) & (trades["q"] < row["q"]) & (trades["kind"] != CANCEL)
        ]
        reports = reports[(reports["condition"] != 202)]["q"]
        assert (reports.max() == original["q"]) == (row["condition"] == 203)
        assert row["condition"] == 203 or reports.min() < original["q"]
        assert original["ms"] < row["ms"]
        for name in ("contract", "price", "size", "exchange"):
            assert original[name] == row[name]
    assert set(trades[trades["kind"] == LATE]["condition"].tolist()) == {202, 204}


def test_the_classification_finds_every_sweep_split_and_side(pool: Pool, trades: np.ndarray) -> None:
    assert trades["alone"].all()
    classified = classify(_as_trades(pool, trades))
    kind, known = trades["kind"], trades["reason"] == KNOWN

    assert np.array_equal(classified.direction[known], trades["side"][known])
    assert np.array_equal(classified.sweep_first >= 0, kind == SWEEP)
    assert np.array_equal(classified.split_first >= 0, kind == SPLIT)
    assert np.array_equal(classified.is_cancel, kind == CANCEL)
    reasons = np.array(REASONS)[trades["reason"]]
    for reason, side in REASON_SIDES.items():
        assert set(classified.side[reasons == reason]) == {side}


def _as_trades(pool: Pool, trades: np.ndarray) -> Trades:
    unquoted = trades["quote_ms"] == 0
    count, contract = len(trades), trades["contract"].astype(np.int64)
    return Trades(
        contract=contract,
        is_call=pool.listing.is_call[contract],
        timestamp=trades["ms"],
        sequence_number=trades["q"],
        exchange=trades["exchange"].astype(np.int64),
        conditions=trades["condition"].astype(np.int64),
        price=trades["price"],
        size=trades["size"].astype(float),
        bid=np.where(unquoted, np.nan, trades["bid"]),
        ask=np.where(unquoted, np.nan, trades["ask"]),
        bid_size=trades["bid_size"].astype(float),
        ask_size=trades["ask_size"].astype(float),
        quote_age_ms=(trades["ms"] - trades["quote_ms"]).astype(float),
        average_size=np.full(count, 20.0),
        large_size=np.full(count, 100.0),
        day_volume=np.zeros(count),
        open_interest=np.zeros(count),
        multiplier=np.full(count, 100.0),
        trade_rate=trade_rates(
            contract,
            trades["ms"],
            trades["q"],
            trades["kind"] != CANCEL,
            60_000,
            observed_from_ms=int(trades["ms"].min()) - 60_000,
        ),
    )


def test_a_burst_has_five_times_the_trades(pool: Pool) -> None:
    blocks = Blocks(pool, SEED, 300, SECOND, burst_seconds=10)

    assert SECOND % 10 == 0
    assert [len(blocks.at(SECOND + second).trades) for second in (0, 1)] == [1500, 300]


def test_alone_is_false_for_orders_of_a_contract_in_the_same_second(pool: Pool) -> None:
    trades = Blocks(pool, SEED, 30_000, SECOND).at(SECOND).trades
    orders = {}
    for row in trades:
        orders.setdefault(int(row["contract"]), set()).add(int(row["order"]))

    assert len(trades) == 30_000
    assert 0 < trades["alone"].mean() < 1
    assert all(bool(row["alone"]) is (len(orders[int(row["contract"])]) == 1) for row in trades)
    assert TRADE.itemsize < 128
    assert QUOTE.itemsize < 64
