"""Events of levels: index values every second, and a trade every second of the funds and stocks with options."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any, NamedTuple

from simulator.market.market import SyntheticMarket
from simulator.market.universe import INDEX_NAMES, INSTRUMENTS

# Nasdaq among the stock exchanges, and the tape of listed funds.
_STOCK_EXCHANGE, _TAPE = 12, 2


class LevelEvent(NamedTuple):
    """One event of `cluster`, about `ticker`, to those who subscribed to `topic`."""

    cluster: str
    topic: str
    ticker: str
    message: dict[str, Any]


class Levels:
    """Levels of one market, second by second."""

    def __init__(self, market: SyntheticMarket) -> None:
        # The volatility indices' sessions are worked out anew at every call.
        self._session = lru_cache(maxsize=64)(market.session)

    def at(self, date: dt.date, second: int) -> list[LevelEvent]:
        """All events of an epoch second of a session."""
        ms, found = second * 1000, []
        for symbol in INDEX_NAMES:
            ticker = f"I:{symbol}"
            # The ticker's key is T here, not sym.
            value = {"ev": "V", "val": self._level(symbol, date, second), "T": ticker, "t": ms}
            found.append(LevelEvent("indices", "V", ticker, value))
        for symbol, instrument in INSTRUMENTS.items():
            if instrument.kind == "index":
                continue
            level = self._level(symbol, date, second)
            trade = {"ev": "T", "sym": symbol, "x": _STOCK_EXCHANGE, "i": str(second), "z": _TAPE}
            trade |= {"p": level, "s": 100, "t": ms, "q": second * 10}
            found.append(LevelEvent("stocks", "T", symbol, trade))
        return found

    def _level(self, symbol: str, date: dt.date, second: int) -> float:
        session = self._session(symbol, date)
        return float(session.levels[session.tick(second)])
