from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.trades.classification import classify
from tests.quant.trades.examples import START, make_trades


def bought(ms, exchange=302, size=10, **more):
    """Return a trade of a contract with less than one trade in 100 s, so that its window is 500 ms long."""
    trade = {"timestamp": START + ms, "exchange": exchange, "size": size, "price": 1.10, "trade_rate": 0.9e-5}
    return trade | more


def sweeps(*rows):
    return classify(make_trades(*rows)).sweep_first.tolist()


def test_trades_on_two_exchanges_within_500_ms_are_a_sweep():
    result = classify(make_trades(bought(0), bought(499, 303)))
    assert result.trade_type.tolist() == ["SWEEP", "SWEEP"]
    assert result.sweep_first.tolist() == [0, 0]
    assert result.split_first.tolist() == [-1, -1]


def test_trades_500_ms_apart_are_not_a_sweep():
    assert sweeps(bought(0), bought(500, 303)) == [-1, -1]


def test_trades_on_one_exchange_are_a_split():
    result = classify(make_trades(bought(0), bought(10)))
    assert result.trade_type.tolist() == ["SPLIT", "SPLIT"]
    assert (result.split_first.tolist(), result.sweep_first.tolist()) == ([0, 0], [-1, -1])


def test_a_window_starts_with_its_first_trade_and_is_not_extended():
    rows = [bought(ms, 302 + index % 2) for index, ms in enumerate((0, 300, 499, 500, 900, 999, 1000))]
    assert sweeps(*rows) == [0, 0, 0, 3, 3, 3, -1]


def test_trades_of_different_contracts_are_not_a_sweep():
    assert sweeps(bought(0), bought(1, 303, contract=2)) == [-1, -1]


def test_trades_of_unknown_or_different_sides_can_be_a_sweep():
    unquoted = {"bid": np.nan, "ask": np.nan}
    assert sweeps(bought(0, **unquoted), bought(1, 303, **unquoted)) == [0, 0]
    assert sweeps(bought(0), bought(1, 303, price=1.00)) == [0, 0]
    assert sweeps(bought(0), bought(1, 303, price=1.05)) == [0, 0]


def test_sales_can_be_a_sweep():
    result = classify(make_trades(bought(0, price=1.00), bought(1, 303, price=1.00)))
    assert result.sweep_first.tolist() == [0, 0]
    assert result.sentiment.tolist() == ["BEARISH", "BEARISH"]


def test_clusters_of_fewer_than_ten_contracts_are_ignored():
    assert sweeps(bought(0, size=4), bought(1, 303, size=5)) == [-1, -1]
    assert sweeps(bought(0, size=5), bought(1, 303, size=5)) == [0, 0]


def test_cancels_late_trades_and_packages_are_not_in_clusters():
    for flaw in ({"conditions": 201}, {"conditions": 202}, {"conditions": 232}, {"conditions": 247}):
        assert sweeps(bought(0), bought(1, 303, **flaw)) == [-1, -1]


def test_the_first_trade_has_the_lowest_time_and_sequence_number():
    rows = (bought(5, 303), bought(0, sequence_number=9), bought(0, 304, sequence_number=8))
    assert sweeps(*rows) == [2, 2, 2]


def test_the_documented_profile_has_no_clusters():
    result = classify(make_trades(bought(0), bought(1, 303)), "documented")
    assert result.trade_type.tolist() == ["REGULAR", "REGULAR"]
    assert result.sweep_first.tolist() == [-1, -1]


def windows_one_by_one(times):
    """Return the window start of each time, computed one trade after the other as the definition says."""
    first, windows = None, []
    for time in times:
        if first is None or time >= first + 500:
            first = time
        windows.append(first)
    return windows


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4_000), min_size=2, max_size=60, unique=True), st.integers(0, 1_000))
def test_windows_agree_with_a_loop_over_the_trades(times, seed):
    order = np.random.default_rng(seed).permutation(len(times))
    batch = make_trades(*(bought(times[index], exchange=300 + times[index]) for index in order))
    windows = dict(zip(sorted(times), windows_one_by_one(sorted(times)), strict=True))
    members = {first: list(windows.values()).count(first) for first in windows.values()}
    sweep_first = classify(batch).sweep_first
    for row, index in enumerate(order):
        first = windows[times[index]]
        expected = first if members[first] > 1 else None
        assert (None if sweep_first[row] < 0 else times[order[sweep_first[row]]]) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_trades_does_not_matter(seed):
    numbers = np.random.default_rng(seed)
    rows = [
        bought(
            int(numbers.integers(0, 2_000)),
            int(numbers.integers(302, 305)),
            price=float(price),
            contract=int(c),
            trade_rate=np.nan,
        )
        for price, c in zip(numbers.choice([1.0, 1.05, 1.1], 40), numbers.integers(0, 4, 40), strict=True)
    ]
    batch = make_trades(*rows)
    shuffle = numbers.permutation(len(batch))
    expected = classify(batch)
    shuffled = classify(replace(batch, **{name: getattr(batch, name)[shuffle] for name in batch.__slots__}))
    assert shuffled.trade_type.tolist() == expected.trade_type[shuffle].tolist()
    assert shuffled.side.tolist() == expected.side[shuffle].tolist()
