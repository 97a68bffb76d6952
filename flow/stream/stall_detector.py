"""Detection of pauses that are too long for the stream's own rate of trades.

A socket may stay open while part of the trades is missing; the pause is the only sign of it.
"""

from __future__ import annotations

from typing import Final

MIN_PAUSE_MS: Final = 3_000
MEAN_INTERVALS: Final = 30.0  # in mean intervals; a random pause reaches this length once in 10^13
MAX_PAUSE_MS: Final = 15 * 60_000  # longer pauses are market closures, not losses
_WINDOW_TRADES: Final = 200  # trades in the moving mean
_MIN_TRADES: Final = 50  # a false alarm costs one repair, a missed stall loses trades


class StallDetector:
    """Moving mean of the intervals between trades by the receive clock."""

    def __init__(self) -> None:
        self._trades = 0
        self._mean_ms = 0.0
        self._last_ms = 0

    def is_stall(self, first_ms: int, last_ms: int, trades: int, jump_ms: int = 0) -> bool:
        """Add `trades` received between two times, epoch ms; return whether the pause before them is too long.

        `jump_ms` is the same pause in exchange time, which a delay of the reader itself does not shorten.
        """
        pause = max(first_ms - self._last_ms, jump_ms)
        longest = max(MIN_PAUSE_MS, MEAN_INTERVALS * self._mean_ms)
        stalled = self._trades >= _MIN_TRADES and longest < pause < MAX_PAUSE_MS
        if self._last_ms and pause < MAX_PAUSE_MS:
            weight = min(1.0, trades / min(_WINDOW_TRADES, self._trades + trades))
            self._mean_ms += weight * (max(0, last_ms - self._last_ms) / trades - self._mean_ms)
        self._trades += trades
        self._last_ms = max(self._last_ms, last_ms)
        return stalled
