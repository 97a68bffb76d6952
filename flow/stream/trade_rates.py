"""Rate of each contract's trades over the last minute, measured while the trades arrive."""

from __future__ import annotations

from collections import deque

from quant.sessions import DAY_MS, opening_ms
from quant.thresholds import TRADE_RULES

_PERIOD_MS = TRADE_RULES["default"].rate_period_ms


class TradeRates:
    """Trades per ms of each contract over the last `rate_period_ms`, as `quant.trades.trade_rate` defines them.

    The rule is written a second time here, because each trade is added to those before it in a fraction of a
    microsecond; a test compares both.
    """

    def __init__(self) -> None:
        self._times: dict[int, deque[int]] = {}  # by contract number, exchange times of its last trades
        self._observed_from_ms: int | None = None
        # Trades between these times are rated since the first of them: the start of the observation, or the open.
        self._since_ms, self._until_ms = 0, 0

    def restart(self, observed_from_ms: int | None) -> None:
        """Forget all trades: those before `observed_from_ms` (epoch ms) may be incomplete.

        None means the time of the next trade.
        """
        self._times.clear()
        self._observed_from_ms = observed_from_ms
        self._since_ms, self._until_ms = 0, 0

    def add(self, contract: int, at_ms: int, counts: bool = True) -> float:
        """Add a trade at exchange time `at_ms` and return the rate with it; a cancel does not count."""
        if not self._since_ms <= at_ms < self._until_ms:
            self._set_times(at_ms)
        since = self._since_ms
        oldest = at_ms - _PERIOD_MS
        elapsed = _PERIOD_MS
        if oldest < since:
            oldest, elapsed = since - 1, at_ms - since or 1
        times = self._times.get(contract)
        if times is None:
            times = self._times[contract] = deque()
        while times and times[0] <= oldest:
            times.popleft()
        if counts:
            times.append(at_ms)
        return (len(times) or 1) / elapsed

    def _set_times(self, at_ms: int) -> None:
        """Set the time since which trades at `at_ms` are rated, and until when that stays so."""
        if self._observed_from_ms is None or at_ms < self._observed_from_ms:
            self._observed_from_ms = at_ms
        day_ms = at_ms - at_ms % DAY_MS
        opened = opening_ms(day_ms)
        if at_ms < opened:
            self._since_ms, self._until_ms = self._observed_from_ms, opened
        else:  # the silence before the open says nothing about the rate after it
            self._since_ms, self._until_ms = max(self._observed_from_ms, opened), day_ms + DAY_MS
