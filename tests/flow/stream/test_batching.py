"""Batches are closed by size or age and split no sweep window."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.stream.batching import Batcher, BatchLimits
from flow.stream.rows import ROW, Rows, as_trades
from quant.trades.classification import classify
from quant.trades.conditions import IS_CANCEL

T = 1_795_186_800_000


def rows(*trades: tuple) -> Rows:
    """Return trades of (contract, ms after T, exchange, price), quoted 1.00 at 1.10, received without delay."""
    made = np.zeros(len(trades), ROW)
    for row, (contract, after, exchange, price) in zip(made, trades, strict=True):
        row["contract"], row["exchange"], row["price"] = contract, exchange, price
        row["timestamp_ms"] = row["received_at_ms"] = T + after
    made["size"], made["sequence_number"] = 20, range(len(trades))
    made["bid"], made["ask"], made["quote_age_ms"] = 1.0, 1.1, 10.0
    made["bid_size"] = made["ask_size"] = 5.0
    made["average_size"] = made["large_size"] = np.nan
    made["trade_rate"] = 0.9e-5  # per ms: the window is 500 ms long
    return made


def after(batch: Rows) -> list[int]:
    return (batch["timestamp_ms"] - T).tolist()


def test_single_trade_is_held_until_its_window_is_over():
    batcher = Batcher(BatchLimits(age_ms=100, lateness_ms=0, idle_ms=0))
    batcher.add(rows((1, 0, 302, 1.1)), T)
    assert batcher.due_batches(T + 499) == []
    assert [after(batch) for batch in batcher.due_batches(T + 600)] == [[0]]


def test_later_trade_proves_that_a_window_is_over():
    batcher = Batcher(BatchLimits(trades=3, lateness_ms=0))
    batcher.add(rows((1, 0, 302, 1.1), (1, 400, 303, 1.1), (2, 501, 302, 1.1)), T)
    assert [after(batch) for batch in batcher.due_batches(T)] == [[0, 400]]
    assert batcher.oldest_ms() == T + 501


def test_trades_of_a_busy_contract_are_held_for_a_shorter_window():
    batcher = Batcher(BatchLimits(trades=3, lateness_ms=0))
    busy = rows((1, 0, 302, 1.1), (1, 3, 302, 1.1), (2, 5, 302, 1.1))
    busy["trade_rate"] = 0.001  # per ms: the window is 5 ms long
    batcher.add(busy, T)
    assert batcher.due_batches(T) == []
    batcher.add(rows((2, 6, 302, 1.1)), T)
    assert [after(batch) for batch in batcher.due_batches(T + 250)] == [[0, 3]]


def test_both_sides_of_a_contract_share_its_windows():
    batcher = Batcher(BatchLimits(trades=3, lateness_ms=0))
    batcher.add(rows((1, 0, 302, 1.1), (1, 300, 302, 1.0), (2, 501, 302, 1.1)), T)
    assert [after(batch) for batch in batcher.due_batches(T)] == [[0, 300]]


def test_trade_without_a_quote_is_held_and_a_cancel_is_not():
    batcher = Batcher(BatchLimits(trades=2))
    unquoted = rows((1, 0, 302, 1.1), (1, 1, 302, 1.1))
    unquoted["bid"] = unquoted["ask"] = unquoted["quote_age_ms"] = np.nan
    unquoted["condition_bits"][1] = IS_CANCEL
    batcher.add(unquoted, T)
    assert [after(batch) for batch in batcher.due_batches(T)] == [[1]]


def test_trades_at_the_mid_do_not_wait_for_each_other_for_ever():
    """One contract, a trade at the mid every 50 ms: the side of each depends on the price of later ones."""
    batcher = Batcher(BatchLimits(trades=10, age_ms=250))
    released = 0
    for number in range(400):
        middle = rows((1, 50 * number, 302, 1.05))
        middle["trade_rate"] = 0.02
        batcher.add(middle, T + 50 * number)
        released += sum(map(len, batcher.due_batches(T + 50 * number)))
    assert released > 350


def test_a_window_is_not_divided_when_one_of_its_trades_waits_for_a_price():
    batcher = Batcher(BatchLimits(trades=4, lateness_ms=0))
    batcher.add(rows((1, 0, 302, 1.05), (1, 10, 303, 1.1), (1, 600, 302, 1.1), (2, 650, 302, 1.1)), T + 650)
    assert [after(batch) for batch in batcher.due_batches(T + 650)] == []
    assert [after(batch) for batch in batcher.due_batches(T + 2000)] == [[0, 10, 600, 650]]


def test_no_batch_is_due_before_size_or_age_is_reached():
    batcher = Batcher(BatchLimits(trades=10, age_ms=250, lateness_ms=0, idle_ms=0))
    busy = rows((1, 0, 302, 1.05))
    busy["trade_rate"] = 1.0  # per ms: the window is 1 ms long
    batcher.add(busy, T)
    assert batcher.due_batches(T + 249) == []
    assert len(batcher.due_batches(T + 250)) == 1


def test_all_trades_are_released_at_the_end():
    batcher = Batcher()
    batcher.add(rows((1, 0, 302, 1.1)), T)
    assert [after(batch) for batch in batcher.due_batches(T, everything=True)] == [[0]]
    assert (len(batcher), batcher.oldest_ms()) == (0, None)


def test_large_batches_are_split_between_contracts():
    batcher = Batcher(BatchLimits(trades=4))
    batcher.add(rows(*[(number % 3, number, 302, 1.1) for number in range(12)]), T)
    batches = batcher.due_batches(T, everything=True)
    contracts = [set(batch["contract"].tolist()) for batch in batches]
    assert sum(map(len, batches)) == 12
    assert sum(map(len, contracts)) == len(set.union(*contracts))
    assert all(after(batch) == sorted(after(batch)) for batch in batches)


TRADE = st.tuples(
    st.integers(1, 2), st.integers(0, 120), st.sampled_from([302, 303]), st.sampled_from([1.0, 1.1])
)


@settings(max_examples=60)
@given(st.lists(TRADE, min_size=1, max_size=60), st.integers(1, 12))
def test_sweeps_in_the_batches_are_those_of_the_whole_stream(steps, at_once):
    clock, trades = 0, []
    for contract, step, exchange, price in steps:
        clock += step
        trades.append((contract, clock, exchange, price))
    whole = rows(*trades)
    batcher = Batcher(BatchLimits(trades=1, age_ms=1, lateness_ms=0, idle_ms=10_000))
    batches = []
    for start in range(0, len(whole), at_once):
        piece = whole[start : start + at_once]
        now = int(piece["received_at_ms"].max())
        batcher.add(piece, now)
        batches += batcher.due_batches(now)
    batches += batcher.due_batches(T + clock, everything=True)

    def sweeps(batch: Rows) -> set[tuple[int, int]]:
        found = classify(as_trades(batch))
        sequence = batch["sequence_number"]
        return {
            (int(sequence[row]), int(sequence[found.sweep_first[row]]))
            for row in np.flatnonzero(found.sweep_first >= 0)
        }

    assert set().union(*map(sweeps, batches)) == sweeps(whole)
    assert sorted(np.concatenate(batches)["sequence_number"].tolist()) == list(range(len(whole)))
