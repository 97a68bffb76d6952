"""A pause out of all proportion is noticed, and one that the stream's own pace explains is not."""

from __future__ import annotations

import pytest

from flow.stream.stall_detector import StallDetector

T = 1_795_186_800_000


def steady(every_ms: int, trades: int = 400) -> tuple[StallDetector, int]:
    """A detector of single trades, and when the last of them came."""
    detector = StallDetector()
    for number in range(trades):
        at_ms = T + number * every_ms
        assert not detector.is_stall(at_ms, at_ms, 1)
    return detector, at_ms


@pytest.mark.parametrize(
    ("every_ms", "pause_ms", "broken"),
    [
        (20, 3_000, False),  # not longer than the shortest
        (20, 3_001, True),
        (1_000, 29_000, False),
        (1_000, 30_100, True),
        (20, 15 * 60_000, False),  # the market's own night
    ],
)
def test_a_pause_is_measured_by_the_mean_distance_of_trades(every_ms, pause_ms, broken):
    detector, last_ms = steady(every_ms)
    assert detector.is_stall(last_ms + pause_ms, last_ms + pause_ms, 1) is broken


def test_a_reader_that_was_late_itself_knows_the_pause_by_the_trades_own_time():
    detector, last_ms = steady(20)
    assert detector.is_stall(last_ms + 1_000, last_ms + 1_000, 1, jump_ms=4_000)
    assert not detector.is_stall(last_ms + 2_000, last_ms + 2_000, 1, jump_ms=980)


def test_a_stream_hardly_known_is_never_suspected():
    detector, last_ms = steady(20, trades=40)
    assert not detector.is_stall(last_ms + 60_000, last_ms + 60_000, 1)


def test_many_trades_at_once_count_as_many():
    detector = StallDetector()
    for second in range(10):
        assert not detector.is_stall(T + second * 1000, T + second * 1000 + 999, 100)
    assert detector.is_stall(T + 13_000, T + 13_000, 1)  # four seconds at a trade every ten ms


def test_a_market_that_grows_quiet_is_believed_after_a_while():
    detector, last_ms = steady(20)
    suspected = 0
    for number in range(1, 200):
        suspected += detector.is_stall(last_ms + number * 4_000, last_ms + number * 4_000, 1)
    assert 0 < suspected < 30
