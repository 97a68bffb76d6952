"""Rates of trades over the minute before, in columns and while trades arrive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow.history.past_rates import past_rates
from flow.stream.trade_rates import TradeRates
from quant.trades.trade_rate import trade_rates
from tests.quant.trades.examples import START

MINUTE = 60_000


def rates(times, contracts=None, counted=None, observed_from_ms=START - MINUTE):
    count = len(times)
    return trade_rates(
        np.array(contracts or [1] * count),
        START + np.array(times, dtype=np.int64),
        np.arange(count),
        np.array(counted or [True] * count),
        MINUTE,
        observed_from_ms,
    )


def test_trades_of_the_last_minute_are_counted_with_the_trade_itself():
    assert rates([0, 30_000, 59_999, 60_000, 120_000]).tolist() == [n / MINUTE for n in (1, 2, 3, 3, 1)]


def test_each_contract_has_its_own_rate_and_cancels_do_not_count():
    found = rates([0, 1, 2, 3], contracts=[1, 2, 1, 1], counted=[True, True, False, True])
    assert found.tolist() == [n / MINUTE for n in (1, 1, 1, 2)]


def test_soon_after_the_start_the_rate_is_that_of_the_shorter_time():
    assert rates([0, 500, 1000], observed_from_ms=START).tolist() == [1.0, 2 / 500, 3 / 1000]


def test_without_a_start_the_time_of_a_contract_counts_from_its_first_trade():
    assert rates([0, 500, 700], contracts=[1, 1, 2], observed_from_ms=None).tolist() == pytest.approx(
        [1 / MINUTE, 2 / 500, 1 / MINUTE]
    )


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 3), st.booleans()), min_size=1, max_size=60))
def test_the_consumer_measures_the_rates_of_the_columns(steps):
    times = np.cumsum([step for step, *_ in steps]).tolist()
    measured = TradeRates()
    measured.restart(START)
    live = [
        measured.add(contract, START + at, counts)
        for at, (_, contract, counts) in zip(times, steps, strict=True)
    ]
    expected = rates(times, [row[1] for row in steps], [row[2] for row in steps], observed_from_ms=START)
    assert live == expected.tolist()


def test_the_silence_before_the_open_is_no_part_of_the_rate():
    measured = TradeRates()
    measured.restart(START - 3_600_000)  # START is an open
    live = [measured.add(1, START + at) for at in (1_000, 2_000, 90_000)]
    assert live == [1 / 1_000, 2 / 2_000, 1 / MINUTE]
    times = START + np.array([1_000, 2_000, 90_000])
    assert past_rates(np.zeros(3, dtype=np.int64), times, np.full(3, 209)).tolist() == live


def test_after_a_gap_the_time_counts_from_the_next_trade():
    measured = TradeRates()
    measured.restart(START)
    measured.add(1, START + 30_000)
    measured.restart(None)
    assert [measured.add(1, START + at) for at in (40_000, 41_000)] == [1.0, 2 / 1000]
