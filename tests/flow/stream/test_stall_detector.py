"""Pauses much longer than the stream's mean interval are detected, others are not."""

from __future__ import annotations

import pytest

from flow.stream.stall_detector import StallDetector

T = 1_795_186_800_000


def steady(every_ms: int, trades: int = 400) -> tuple[StallDetector, int]:
    """Return a detector after single trades at a constant interval, and the time of the last one."""
    detector = StallDetector()
    for number in range(trades):
        at_ms = T + number * every_ms
        assert not detector.is_stall(at_ms, at_ms, 1)
    return detector, at_ms


@pytest.mark.parametrize(
    ("every_ms", "pause_ms", "stalled"),
    [
        (20, 3_000, False),  # not longer than the minimum pause
        (20, 3_001, True),
        (1_000, 29_000, False),
        (1_000, 30_100, True),
        (20, 15 * 60_000, False),  # as long as a market closure
    ],
)
def test_pause_is_compared_with_the_mean_interval_of_trades(every_ms, pause_ms, stalled):
    detector, last_ms = steady(every_ms)
    assert detector.is_stall(last_ms + pause_ms, last_ms + pause_ms, 1) is stalled


def test_late_reader_measures_the_pause_by_exchange_time():
    detector, last_ms = steady(20)
    assert detector.is_stall(last_ms + 1_000, last_ms + 1_000, 1, jump_ms=4_000)
    assert not detector.is_stall(last_ms + 2_000, last_ms + 2_000, 1, jump_ms=980)


def test_stream_with_few_trades_never_counts_as_stalled():
    detector, last_ms = steady(20, trades=40)
    assert not detector.is_stall(last_ms + 60_000, last_ms + 60_000, 1)


def test_trades_received_together_count_individually():
    detector = StallDetector()
    for second in range(10):
        assert not detector.is_stall(T + second * 1000, T + second * 1000 + 999, 100)
    assert detector.is_stall(T + 13_000, T + 13_000, 1)  # a pause of 3 s at a mean interval of 10 ms


def test_slower_market_stops_counting_as_stalled():
    detector, last_ms = steady(20)
    suspected = 0
    for number in range(1, 200):
        suspected += detector.is_stall(last_ms + number * 4_000, last_ms + number * 4_000, 1)
    assert 0 < suspected < 30
