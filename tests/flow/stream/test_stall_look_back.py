"""The pace of a stream is that of about its last 200 trades: each weighs half a per cent of the mean."""

from __future__ import annotations

import pytest

from flow.stream.stall_detector import StallDetector

T = 1_795_186_800_000
FAST_MS, SLOW_MS = 20, 2_000


# After 50 slow trades 0.995 ** 50 of the fast pace is left in the mean, 459 ms; a pause may be thirty times as long.
@pytest.mark.parametrize(("pause_ms", "broken"), [(13_700, False), (13_800, True)])
def test_fifty_slow_trades_move_the_mean_of_two_hundred_by_their_share(pause_ms, broken):
    detector, at_ms = StallDetector(), T
    for every_ms, trades in ((FAST_MS, 400), (SLOW_MS, 50)):
        for _ in range(trades):
            at_ms += every_ms
            assert not detector.is_stall(at_ms, at_ms, 1)
    at_ms += pause_ms
    assert detector.is_stall(at_ms, at_ms, 1) is broken
