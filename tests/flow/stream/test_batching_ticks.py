"""A trade at the mid is in one batch with the other trade of its contract that decides its side."""

from __future__ import annotations

import numpy as np
import pytest

from flow.stream.batching import Batcher, BatchLimits
from flow.stream.rows import ROW, Rows, as_trades
from quant.thresholds import TRADE_RULES
from quant.trades.side import BUY_TICK, NONE_MID, SELL_TICK, classify_side

T = 1_795_186_800_000
CONTRACT, OTHER = 1, 2
MID, BID, ASK = 1.05, 1.00, 1.10


def rows(*trades: tuple[int, int, float]) -> Rows:
    """Return trades of (contract, ms after T, price), quoted 1.00 at 1.10 with equal sizes."""
    made = np.zeros(len(trades), ROW)
    for row, (contract, after_ms, price) in zip(made, trades, strict=True):
        row["contract"], row["price"] = contract, price
        row["timestamp_ms"] = row["received_at_ms"] = T + after_ms
    made["sequence_number"] = range(len(trades))
    made["size"], made["exchange"], made["quote_age_ms"] = 20, 302, 10.0
    made["bid"], made["ask"], made["bid_size"], made["ask_size"] = BID, ASK, 5.0, 5.0
    return made


def sides(batch: Rows) -> list[int]:
    return classify_side(as_trades(batch), batch["condition_bits"], TRADE_RULES["default"]).tolist()


@pytest.mark.parametrize(("next_price", "side"), [(ASK, SELL_TICK), (BID, BUY_TICK)])
def test_tick_trade_waits_for_the_window_of_the_trade_that_decides_it(next_price, side):
    batcher = Batcher(BatchLimits(trades=2, lateness_ms=0))
    batcher.add(rows((CONTRACT, 0, MID), (CONTRACT, 600, next_price)), T + 600)
    assert batcher.due_batches(T + 600) == []
    (batch,) = batcher.due_batches(T + 600, everything=True)
    assert (batch["timestamp_ms"] - T).tolist() == [0, 600]
    assert sides(batch)[0] == side


def test_trade_at_the_mid_waits_for_an_open_window_of_its_contract():
    batcher = Batcher(BatchLimits(trades=3, lateness_ms=0))
    batcher.add(rows((CONTRACT, 0, ASK), (CONTRACT, 600, ASK), (CONTRACT, 601, MID)), T + 601)
    assert [(batch["timestamp_ms"] - T).tolist() for batch in batcher.due_batches(T + 601)] == [[0]]
    (batch,) = batcher.due_batches(T + 601, everything=True)
    assert sides(batch)[1] == NONE_MID


def test_trade_at_the_mid_does_not_wait_for_another_contract():
    batcher = Batcher(BatchLimits(trades=2, lateness_ms=0))
    batcher.add(rows((CONTRACT, 0, MID), (OTHER, 600, ASK)), T + 600)
    assert [(batch["timestamp_ms"] - T).tolist() for batch in batcher.due_batches(T + 600)] == [[0]]
