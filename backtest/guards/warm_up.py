"""Check that indicators have forgotten where their history begins, and how much history each detector needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backtest.request import Request
from backtest.simulation.data import parts
from signals.anchors import BAR_ANCHOR, DAY_ANCHOR
from signals.features.history import daily, intraday
from signals.features.indicators import WARM_UP, values_of
from warehouse import market_days

TOLERANCE = 1e-3  # of the value from the whole history
ABSOLUTE = {
    "macd_hist": 1e-5,
    "atr_percentile": 0.01,
}  # where a value may be near 0; macd_hist as a share of the price


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Bars that each detector needs before its first answer, and the largest difference of each indicator.

    A difference is relative to the value from the whole history. `failing` are indicators beyond the tolerance.
    """

    detectors: Mapping[str, int]
    differences: Mapping[str, float]
    failing: tuple[str, ...]


def warm_up(request: Request) -> WarmUp:
    """Return the result of the check on the newest session with bars of each symbol of a request.

    Each indicator is computed for the last bar from all bars since the anchor, and from the number of bars that it is
    said to need.
    """
    largest = dict.fromkeys(WARM_UP, 0.0)
    for symbol in request.symbols:
        for name, found in _differences(request, symbol).items():
            largest[name] = max(largest[name], found)
    failing = tuple(name for name, found in largest.items() if found > TOLERANCE)
    needs = {one.name: max([WARM_UP.get(name, 0) for name in one.needs], default=0) for one in request.rules}
    return WarmUp(needs, largest, failing)


def _differences(request: Request, symbol: str) -> dict[str, float]:
    market = market_days.read()
    day = request.sessions(market)[-1]
    view, _ = next(iter(parts(symbol, [day], market, request.timeframe, request.until_ms)))
    one = view.symbols[symbol]
    history = (
        daily(one, day, DAY_ANCHOR, view.delay_ms, market=market)
        if request.timeframe == "1d"
        else intraday(one, day, BAR_ANCHOR, view.delay_ms, market=market)
    )
    prices = history.bars.high, history.bars.low, history.bars.close
    found: dict[str, float] = {}
    whole = values_of(*prices) if len(history.bars) >= max(WARM_UP.values()) else {}
    for name, values in whole.items():
        part = values_of(*(column[-WARM_UP[name] :] for column in prices))[name]
        scale = ABSOLUTE.get(name)
        unit = abs(values[-1]) if scale is None else scale / TOLERANCE
        if name == "macd_hist":
            unit *= prices[2][-1]
        difference = abs(part[-1] - values[-1]) / unit if unit else 0.0
        found[name] = 0.0 if np.isnan(difference) else float(difference)
    return found
