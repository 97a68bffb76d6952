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
        self._open_ms, self._next_day_ms = 0, 0

    def restart(self, observed_from_ms: int | None) -> None:
        """Forget all trades: those before `observed_from_ms` (epoch ms) may be incomplete.

        None means the time of the next trade.
        """
        self._times.clear()
        self._observed_from_ms = observed_from_ms

    def add(self, contract: int, at_ms: int, counts: bool = True) -> float:
        """Add a trade at exchange time `at_ms` and return the rate with it; a cancel does not count."""
        since = self._observed_from_ms
        if since is None or at_ms < since:
            self._observed_from_ms = since = at_ms
        if at_ms >= self._next_day_ms:
            day = at_ms - at_ms % DAY_MS
            self._open_ms, self._next_day_ms = opening_ms(day), day + DAY_MS
        if since < self._open_ms <= at_ms:  # the silence before the open says nothing about the rate after it
            since = self._open_ms
        times = self._times.get(contract)
        if times is None:
            times = self._times[contract] = deque()
        oldest = max(at_ms - _PERIOD_MS, since - 1)
        while times and times[0] <= oldest:
            times.popleft()
        if counts:
            times.append(at_ms)
        return max(len(times), 1) / min(max(at_ms - since, 1), _PERIOD_MS)
