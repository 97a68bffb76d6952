"""Events of underlyings: index values, and trades of ETFs and stocks with options, once per second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

from simulator.market.market import SyntheticMarket
from simulator.universe.instruments import INSTRUMENTS

# The provider's ids of the Nasdaq exchange and of the tape of listed funds.
_STOCK_EXCHANGE, _TAPE = 12, 2


class LevelEvent(NamedTuple):
    """One event of `cluster` and `ticker` for the subscribers of `topic`."""

    cluster: str
    topic: str
    ticker: str
    message: dict[str, Any]


class Levels:
    """Events of one market, second by second: of the given indices and of all ETFs and stocks with options."""

    def __init__(self, market: SyntheticMarket, indices: Collection[str]) -> None:
        self._indices = tuple(indices)
        # Cached, because the market computes sessions of volatility indices at every call.
        self._session = lru_cache(maxsize=64)(market.session)

    def forget(self) -> None:
        """Forget the sessions that were computed, because prices have changed since."""
        self._session.cache_clear()

    def at(self, date: dt.date, second: int) -> list[LevelEvent]:
        """Return all events of an epoch second of a session."""
        ms, events = second * 1000, []
        for symbol in self._indices:
            ticker = f"I:{symbol}"
            # The key of the ticker is T here, not sym.
            value = {"ev": "V", "val": self._level(symbol, date, second), "T": ticker, "t": ms}
            events.append(LevelEvent("indices", "V", ticker, value))
        for symbol, instrument in INSTRUMENTS.items():
            if instrument.kind == "index":
                continue
            level = self._level(symbol, date, second)
            trade = {"ev": "T", "sym": symbol, "x": _STOCK_EXCHANGE, "i": str(second), "z": _TAPE}
            trade |= {"p": level, "s": 100, "t": ms, "q": second * 10}
            events.append(LevelEvent("stocks", "T", symbol, trade))
        return events

    def _level(self, symbol: str, date: dt.date, second: int) -> float:
        session = self._session(symbol, date)
        return float(session.levels[session.tick(second)])
