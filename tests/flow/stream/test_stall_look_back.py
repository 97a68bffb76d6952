"""The mean interval is that of about the last 200 trades: each has a weight of 0.5 %."""

from __future__ import annotations

import pytest

from flow.stream.stall_detector import StallDetector

T = 1_795_186_800_000
FAST_MS, SLOW_MS = 20, 2_000


# After 50 slow trades the mean is 2,000 - 1,980 x 0.995 ** 50 = 459 ms; a pause may be thirty times as long.
@pytest.mark.parametrize(("pause_ms", "stalled"), [(13_700, False), (13_800, True)])
def test_mean_interval_is_that_of_the_last_200_trades(pause_ms, stalled):
    detector, at_ms = StallDetector(), T
    for every_ms, trades in ((FAST_MS, 400), (SLOW_MS, 50)):
        for _ in range(trades):
            at_ms += every_ms
            assert not detector.is_stall(at_ms, at_ms, 1)
    at_ms += pause_ms
    assert detector.is_stall(at_ms, at_ms, 1) is stalled
