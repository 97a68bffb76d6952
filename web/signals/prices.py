"""Newest prices of symbols, for signals that are not over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from quant.sessions import MINUTE_MS
from warehouse import asof
from warehouse.asof import bars
from warehouse.models.enums import Timeframe

_RECENT_MS = 30 * MINUTE_MS


class Price(NamedTuple):
    """Close of a minute bar in dollars or index points, and the end of the bar, epoch ms."""

    value: float
    at_ms: int


def newest_prices(symbols: Iterable[str], at_ms: int) -> dict[str, Price]:
    """Return the newest close of each symbol known at an instant, epoch ms.

    Symbols without one of the last half hour are left out.
    """
    wanted = sorted(set(symbols))
    if not wanted:
        return {}
    with asof.at(at_ms):
        found = bars.read_many(wanted, Timeframe.MINUTE, at_ms - _RECENT_MS, at_ms, ["close"])
    columns = (found.place.tolist(), found.numbers["close"].tolist(), found.start_ms.tolist())
    return {
        wanted[place]: Price(close, start + MINUTE_MS) for place, close, start in zip(*columns, strict=True)
    }
