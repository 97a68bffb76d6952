from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.trades.classification import classify
from tests.quant.trades.examples import START, make_trades


def bought(ms, exchange=302, size=10, **more):
    return {"timestamp": START + ms, "exchange": exchange, "size": size, "price": 1.10, **more}


def sweeps(*rows):
    return classify(make_trades(*rows)).sweep_first.tolist()


def test_two_exchanges_within_half_a_second_are_a_sweep():
    answer = classify(make_trades(bought(0), bought(500, 303)))
    assert answer.trade_type.tolist() == ["SWEEP", "SWEEP"]
    assert answer.sweep_first.tolist() == [0, 0]
    assert answer.split_first.tolist() == [-1, -1]


def test_one_millisecond_later_they_are_two_trades():
    assert sweeps(bought(0), bought(501, 303)) == [-1, -1]


def test_one_exchange_is_a_split():
    answer = classify(make_trades(bought(0), bought(10)))
    assert answer.trade_type.tolist() == ["SPLIT", "SPLIT"]
    assert (answer.split_first.tolist(), answer.sweep_first.tolist()) == ([0, 0], [-1, -1])


def test_windows_run_from_their_first_trade_and_are_never_chained():
    rows = [bought(ms, 302 + index % 2) for index, ms in enumerate((0, 300, 500, 501, 900, 1001, 1002))]
    assert sweeps(*rows) == [0, 0, 0, 3, 3, 3, -1]


def test_another_contract_or_side_is_another_order():
    assert sweeps(bought(0), bought(1, 303, contract=2)) == [-1, -1]
    assert sweeps(bought(0), bought(1, 303, price=1.00)) == [-1, -1]


def test_sold_contracts_sweep_too():
    answer = classify(make_trades(bought(0, price=1.00), bought(1, 303, price=1.00)))
    assert answer.sweep_first.tolist() == [0, 0]
    assert answer.sentiment.tolist() == ["BEARISH", "BEARISH"]


def test_less_than_ten_contracts_together_are_noise():
    assert sweeps(bought(0, size=4), bought(1, 303, size=5)) == [-1, -1]
    assert sweeps(bought(0, size=5), bought(1, 303, size=5)) == [0, 0]


def test_trades_without_a_side_belong_to_no_cluster():
    for flaw in ({"price": 1.05}, {"conditions": 201}, {"conditions": 202}, {"conditions": 232}):
        assert sweeps(bought(0), bought(1, 303, **flaw)) == [-1, -1]


def test_the_first_trade_is_found_by_time_and_then_by_sequence():
    rows = (bought(5, 303), bought(0, sequence_number=9), bought(0, 304, sequence_number=8))
    assert sweeps(*rows) == [2, 2, 2]


def test_the_documented_profile_knows_no_clusters():
    answer = classify(make_trades(bought(0), bought(1, 303)), "documented")
    assert answer.trade_type.tolist() == ["REGULAR", "REGULAR"]
    assert answer.sweep_first.tolist() == [-1, -1]


def walk_windows(times):
    """The definition, one trade after the other."""
    first, windows = None, []
    for time in times:
        if first is None or time > first + 500:
            first = time
        windows.append(first)
    return windows


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4_000), min_size=2, max_size=60, unique=True), st.integers(0, 1_000))
def test_windows_agree_with_walking_through_the_trades(times, seed):
    order = np.random.default_rng(seed).permutation(len(times))
    batch = make_trades(*(bought(times[index], exchange=300 + times[index]) for index in order))
    windows = dict(zip(sorted(times), walk_windows(sorted(times)), strict=True))
    members = {first: list(windows.values()).count(first) for first in windows.values()}
    found = classify(batch).sweep_first
    for row, index in enumerate(order):
        first = windows[times[index]]
        expected = first if members[first] > 1 else None
        assert (None if found[row] < 0 else times[order[found[row]]]) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_the_batch_changes_no_label(seed):
    numbers = np.random.default_rng(seed)
    rows = [
        bought(
            int(numbers.integers(0, 2_000)),
            int(numbers.integers(302, 305)),
            price=float(price),
            contract=int(c),
        )
        for price, c in zip(numbers.choice([1.0, 1.05, 1.1], 40), numbers.integers(0, 4, 40), strict=True)
    ]
    batch = make_trades(*rows)
    mixed = numbers.permutation(len(batch))
    one = classify(batch)
    other = classify(replace(batch, **{name: getattr(batch, name)[mixed] for name in batch.__slots__}))
    assert other.trade_type.tolist() == one.trade_type[mixed].tolist()
    assert other.side.tolist() == one.side[mixed].tolist()
