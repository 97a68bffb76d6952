"""Only information known before a trade is attached to it."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np

from flow.stream.enrich import Enricher, Spot
from flow.stream.rows import Contracts, Rows
from flow.stream.trade_sizes import TradeSizes
from provider.stream_messages import decode
from tests.flow.stream_server import CONTRACT, quote, trade

T = 1_795_186_800_000


def enricher() -> Enricher:
    return Enricher(Contracts({"SPX": "SPX", "SPXW": "SPX", "SPY": "SPY"}), TradeSizes())


def enriched(*events: dict, taker: Enricher | None = None) -> Rows:
    taker = enricher() if taker is None else taker
    taker.take(decode(json.dumps(events).encode(), Counter()), T + 5)
    return taker.rows()


def test_trade_gets_the_last_quote_before_it_and_its_age():
    (row,) = enriched(
        quote(T - 30, 12.0, 12.2), quote(T - 10, 12.3, 12.4), quote(T + 1, 9.0, 9.1), trade(1, T)
    )
    assert [row[name] for name in ("bid", "ask", "bid_size", "ask_size", "quote_age_ms")] == [
        12.3, 12.4, 40.0, 22.0, 10.0,
    ]  # fmt: skip
    assert (row["timestamp_ms"], row["received_at_ms"], row["size"], row["sequence_number"]) == (
        T,
        T + 5,
        20,
        1,
    )


def test_quote_that_arrives_after_the_trade_is_not_attached():
    (row,) = enriched(trade(1, T), quote(T - 10))
    assert np.isnan([row["bid"], row["ask"], row["bid_size"], row["ask_size"], row["quote_age_ms"]]).all()


def test_underlying_price_is_the_last_one_before_the_trade():
    taker = enricher()
    taker.set_price("SPX", Spot(6500.0, T - 900_000))  # price of the last snapshot
    trades = enriched(
        trade(1, T), {"ev": "V", "T": "I:SPX", "val": 6512.5, "t": T + 1_000}, trade(2, T + 500),
        trade(3, T + 1_250), taker=taker,
    )  # fmt: skip
    assert trades["underlying_price"].tolist() == [6500.0, 6500.0, 6512.5]
    assert trades["underlying_age_ms"].tolist() == [900_000.0, 900_500.0, 250.0]


def test_second_bar_of_a_stock_is_the_price_of_its_options():
    taker = enricher()
    (row,) = enriched(
        {"ev": "A", "sym": "SPY", "c": 651.2, "s": T - 2_000, "e": T - 1_000},
        trade(1, T, sym="O:SPY261120C00650000"),
        taker=taker,
    )
    assert (row["underlying_price"], row["underlying_age_ms"]) == (651.2, 1_000.0)


def test_trades_of_other_roots_are_skipped_and_counted():
    taker = enricher()
    trades = enriched(trade(1), trade(2, sym="O:AAPL261120C00250000"), trade(3, sym=""), taker=taker)
    assert (len(trades), taker.contracts.unwatched) == (1, 2)


def test_invalid_contract_of_a_watched_root_reaches_no_batch():
    taker = enricher()
    trades = enriched(
        trade(1, sym="O:SPXW261399C06500000"), trade(2, sym="X:SPXW261120C06500000"), taker=taker
    )
    assert (len(trades), taker.contracts.unreadable) == (0, 2)


def test_only_several_conditions_are_stored_as_text():
    trades = enriched(trade(1, c=[209]), trade(2, c=[232, 201]), trade(3, c=[]))
    assert trades["condition"].tolist() == [209, 232, 0]
    assert trades["conditions"].tolist() == [b"", b"232,201", b""]


def test_batch_contains_the_contract_tickers():
    taker = enricher()
    trades = enriched(trade(1), trade(2, sym="O:SPY261120C00650000"), trade(3), taker=taker)
    batch = taker.contracts.batch(trades)
    assert batch.contract_ticker.tolist() == [CONTRACT.encode(), b"O:SPY261120C00650000", CONTRACT.encode()]
    assert (batch.source, batch.price.tolist()) == ("stream", [12.4] * 3)
