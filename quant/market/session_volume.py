"""Volume of a session against the same minutes of earlier sessions, and its volume-weighted average price."""

from __future__ import annotations

import numpy as np

from quant.arrays import ratio
from quant.chain import Bools, Floats
from quant.market.session_bars import SessionBars

COMPARED, FEWEST = 14, 10  # earlier sessions


def average_price(bars: SessionBars) -> Floats:
    """Return the volume-weighted average price of each bar's session up to the bar; shape (n,).

    A bar counts with its own average price where that lies within the bar, else with the mean of high, low and close.
    It is NaN on a bar of unknown volume, which later bars leave out, and while no volume has traded.
    """
    usable = (bars.vwap >= bars.low) & (bars.vwap <= bars.high)
    price = np.where(usable, bars.vwap, (bars.high + bars.low + bars.close) / 3.0)
    volume = np.nan_to_num(bars.volume)
    traded, money = _running(bars, volume), _running(bars, price * volume)
    return np.where(np.isnan(bars.volume), np.nan, ratio(money, traded))


def relative_volume(bars: SessionBars, first_row: int = 0) -> Floats:
    """Return the volume of each bar's session up to the bar over its mean in earlier sessions; shape (n,).

    Compared are the last 14 earlier sessions of `bars` that lasted that long and miss no bar of their whole length, at
    least 10. Minutes that are missing in the bar's session are left out of them. NaN on a bar of unknown volume, and
    before `first_row`.
    """
    table, complete = _table(bars)
    result = np.full(len(bars), np.nan)
    for session in np.unique(bars.session[first_row:]).tolist():
        rows = np.flatnonzero(bars.session == session)
        slots = bars.slot[rows]
        known = ~np.isnan(table[session, slots])
        today = np.cumsum(np.where(known, table[session, slots], 0.0))
        earlier = np.flatnonzero(complete[:session])
        sums = np.cumsum(np.where(known, table[np.ix_(earlier, slots)], 0.0), axis=1)
        for place, (row, slot) in enumerate(zip(rows.tolist(), slots.tolist(), strict=True)):
            same = np.flatnonzero(bars.slots[earlier] > slot)[-COMPARED:]
            if row >= first_row and known[place] and len(same) >= FEWEST:
                result[row] = _ratio(float(today[place]), float(np.mean(sums[same, place])))
    return result


def relative_bar_volume(bars: SessionBars, first_row: int = 0) -> Floats:
    """Return the volume of each bar over its mean in the same slot of the sessions of `relative_volume`; (n,)."""
    table, complete = _table(bars)
    result = np.full(len(bars), np.nan)
    for row in range(first_row, len(bars)):
        session, slot = bars.session[row], bars.slot[row]
        same = np.flatnonzero(complete[:session] & (bars.slots[:session] > slot))[-COMPARED:]
        if len(same) >= FEWEST:
            result[row] = _ratio(float(bars.volume[row]), float(np.mean(table[same, slot])))
    return result


def _running(bars: SessionBars, values: Floats) -> Floats:
    """Return the sum of `values` (n,) within each session up to each bar."""
    result = np.empty(len(bars))
    for rows in np.split(np.arange(len(bars)), np.flatnonzero(bars.first)[1:]):
        result[rows] = np.cumsum(values[rows])
    return result


def _table(bars: SessionBars) -> tuple[Floats, Bools]:
    """Return volumes by session and slot (k, most slots), NaN where missing, and which sessions miss none (k,)."""
    table = np.full((len(bars.slots), int(bars.slots.max(initial=0))), np.nan)
    table[bars.session, bars.slot] = bars.volume
    return table, np.count_nonzero(~np.isnan(table), axis=1) == bars.slots


def _ratio(value: float, mean: float) -> float:
    return value / mean if mean > 0 else np.nan
