"""Pauses that a stream's own pace does not explain. A socket may stay open and a part of the trades be missing:
nothing tells so but that they stopped coming."""

from __future__ import annotations

from typing import Final

MIN_PAUSE_MS: Final = 3_000
MEAN_INTERVALS: Final = 30.0  # of the mean length; by chance alone a pause is so long once in 10^13
MAX_PAUSE_MS: Final = 15 * 60_000  # longer is no loss of the stream's, but the market's night
_WINDOW_TRADES: Final = 200  # trades the mean is of
_MIN_TRADES: Final = 50  # trades: a wrong suspicion costs a look into the past, a missed one trades


class StallDetector:
    """The mean distance of trades by the receive clock."""

    def __init__(self) -> None:
        self._trades = 0
        self._mean_ms = 0.0
        self._last_ms = 0

    def is_stall(self, first_ms: int, last_ms: int, trades: int, jump_ms: int = 0) -> bool:
        """Takes `trades` received between two instants, epoch ms: whether the pause before them is out of proportion.

        `jump_ms` is the same pause by the trades' own time, which a reader that was late itself does not shorten.
        """
        pause = max(first_ms - self._last_ms, jump_ms)
        longest = max(MIN_PAUSE_MS, MEAN_INTERVALS * self._mean_ms)
        broken = self._trades >= _MIN_TRADES and longest < pause < MAX_PAUSE_MS
        if self._last_ms and pause < MAX_PAUSE_MS:
            weight = min(1.0, trades / min(_WINDOW_TRADES, self._trades + trades))
            self._mean_ms += weight * (max(0, last_ms - self._last_ms) / trades - self._mean_ms)
        self._trades += trades
        self._last_ms = max(self._last_ms, last_ms)
        return broken
