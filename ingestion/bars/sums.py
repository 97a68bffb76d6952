"""Sums of shorter bars to longer ones. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from ingestion.bars.bar_times import Spans
from quant.chain import Floats
from warehouse.asof.bars import Bars

_VWAP_UNIT = Decimal("0.000001")  # dollars


def sum_bars(parts: Bars, wanted: Spans) -> Bars:
    """Return the bar of each wanted time from the parts that start in it; times without a part have no bar.

    `parts` are bars of one shorter timeframe, oldest first; `wanted` are ascending and do not overlap. Absent volumes
    and numbers of trades are not counted. The volume-weighted price is that of the parts that have one, to a millionth.
    """
    place = np.searchsorted(wanted.start_ms, parts.start_ms, side="right") - 1
    inside = np.flatnonzero((place >= 0) & (parts.start_ms < wanted.end_ms[place]))
    if not len(inside):
        return parts.between(0, 0)
    number, first = np.unique(place[inside], return_index=True)
    groups = np.split(inside, first[1:])
    return Bars(
        start_ms=wanted.start_ms[number],
        open=parts.open[inside[first]],
        high=np.array([parts.high[rows].max() for rows in groups]),
        low=np.array([parts.low[rows].min() for rows in groups]),
        close=np.array([parts.close[rows[-1]] for rows in groups]),
        volume=_totals(parts.volume, groups),
        vwap=np.array([_mean_price(parts, rows) for rows in groups]),
        transactions=_totals(parts.transactions, groups),
    )


def _totals(column: Floats, groups: list[NDArray[np.intp]]) -> Floats:
    """Return the sum of the known values of each group, NaN without one; shape (groups,)."""
    known = [column[rows][np.isfinite(column[rows])] for rows in groups]
    return np.array([values.sum() if len(values) else np.nan for values in known], dtype=np.float64)


def _mean_price(parts: Bars, rows: NDArray[np.intp]) -> float:
    """Return the volume-weighted price, computed in decimals and rounded half up; NaN without volume or price."""
    both = np.isfinite(parts.vwap[rows]) & np.isfinite(parts.volume[rows])
    prices, volumes = parts.vwap[rows][both].tolist(), parts.volume[rows][both].tolist()
    volume = sum(Decimal(repr(value)) for value in volumes)
    if not volume:
        return float("nan")
    traded = sum(Decimal(repr(price)) * Decimal(repr(v)) for price, v in zip(prices, volumes, strict=True))
    return float((traded / volume).quantize(_VWAP_UNIT, ROUND_HALF_UP))
