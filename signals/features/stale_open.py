"""Opens of indices that repeat the close before: an index is computed before all of its stocks have traded.

A first minute that opens exactly at the close before and closes more than 0.1 % away from it has no open of its own. It
counts as its close, and the first bars of the session are built again from their minutes. Where the first minute is not
stored, a first bar that opens exactly at the close before is marked, and `day_open` is unknown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.chain import Bools, Floats
from quant.sessions import MINUTE_MS
from signals.features.history import History, per_share
from signals.market_view import SymbolView
from warehouse.asof.rows import Times
from warehouse.models.enums import Timeframe, UnderlyingKind

LEAST_MOVE = 0.001  # of the close before


def with_true_opens(
    view: SymbolView, history: History, closes: Floats, timeframe: Timeframe = Timeframe.QUARTER_HOUR
) -> tuple[History, Bools]:
    """Return a history of an index with its first bars built again, and the sessions (k,) without a known open.

    `closes` (k,) are the closes of the sessions before each session of the history, NaN where unknown. The history of
    another kind of symbol is returned unchanged.
    """
    bars, unknown = history.bars, np.zeros(len(closes), dtype=bool)
    if view.kind != UnderlyingKind.INDEX or not len(bars):
        return history, unknown
    opens = history.calendar.open_ms
    minutes = per_share(view.prices.bars[Timeframe.MINUTE], view.prices, int(opens[-1]), Timeframe.MINUTE)
    firsts = np.flatnonzero(bars.slot == 0)
    sessions = bars.session[firsts]
    length = 15 if timeframe == Timeframe.QUARTER_HOUR else 5
    place = np.searchsorted(minutes.start_ms, opens[sessions])
    changed = {name: getattr(bars, name).copy() for name in ("open", "high", "low")}
    for row, session, start in zip(firsts.tolist(), sessions.tolist(), place.tolist(), strict=True):
        before, open_ms = closes[session], int(opens[session])
        if start == len(minutes) or minutes.start_ms[start] != open_ms:
            unknown[session] = bool(bars.open[row] == before)
            continue
        first_close = float(minutes.close[start])
        if minutes.open[start] != before or abs(first_close / before - 1.0) <= LEAST_MOVE:
            continue
        rest = _rest(minutes.start_ms, start, open_ms, length)
        changed["open"][row] = first_close
        changed["high"][row] = np.max(minutes.high[rest], initial=first_close)
        changed["low"][row] = np.min(minutes.low[rest], initial=first_close)
    return replace(history, bars=replace(bars, **changed)), unknown


def _rest(start_ms: Times, first: int, open_ms: int, length: int) -> slice:
    """Return the stored minutes of the first bar after its first minute."""
    return slice(first + 1, int(np.searchsorted(start_ms, open_ms + length * MINUTE_MS)))
