"""Implied volatility of one symbol for its panel: rank, percentile, trend and expected moves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from quant.sessions import DAY_MS
from quant.volatility.iv_rank import trend_change
from warehouse.asof import expiration_curve, iv
from warehouse.asof.rows import present

_LOOK_BACK_MS = 60 * DAY_MS


@dataclass(frozen=True, slots=True)
class ExpectedMove:
    """One standard deviation of the underlying until a day: dollars or index points, and a fraction of spot."""

    until: str
    points: float
    fraction: float


@dataclass(frozen=True, slots=True)
class VolatilityPart:
    """30-day implied volatility of the last session in the series; fractions, None where absent.

    `sessions` is the number of past sessions behind rank and percentile. `trend_change` is the mean of 5 sessions over
    that of 20, minus 1. `reason` says why rank and percentile are absent, '' where they are present.
    """

    session: str
    iv: float | None
    rank: float | None
    percentile: float | None
    sessions: int
    is_provisional: bool
    regime: str | None
    trend: str | None
    trend_change: float | None
    low: float | None
    high: float | None
    moves: tuple[ExpectedMove, ...]
    reason: str


def read(symbol: str, slot_ms: int | None, spot: float | None, at_ms: int) -> VolatilityPart | None:
    """Return the volatility known at `at_ms`, or None without a series.

    The move to the next expiration is that of the curve of `slot_ms`, whose price is `spot`; times are epoch ms.
    """
    days = iv.read(symbol, at_ms - _LOOK_BACK_MS, at_ms)
    if not len(days):
        return None
    rank = present(days.iv_rank[-1])
    moves = [_next_expiration(symbol, slot_ms, spot)] if slot_ms is not None and spot else []
    move = present(days.expected_move[-1])
    if move is not None and spot:
        moves.append(ExpectedMove("30 days", move, move / spot))
    return VolatilityPart(
        session=str(days.date[-1]),
        iv=present(days.current_iv[-1]),
        rank=rank,
        percentile=present(days.iv_percentile[-1]),
        sessions=int(days.data_points[-1]),
        is_provisional=bool(days.is_provisional[-1]),
        regime=str(days.iv_regime[-1]) or None,
        trend=str(days.iv_trend[-1]) or None,
        trend_change=trend_change(days.current_iv),
        low=present(days.iv_52w_low[-1]),
        high=present(days.iv_52w_high[-1]),
        moves=tuple(one for one in moves if one is not None),
        reason="" if rank is not None else f"a rank needs more than {int(days.data_points[-1])} sessions",
    )


def _next_expiration(symbol: str, slot_ms: int, spot: float) -> ExpectedMove | None:
    curve = expiration_curve.read(symbol, slot_ms)
    usable = np.flatnonzero(curve.total_variance > 0)
    if not len(usable):
        return None
    first = usable[0]
    deviation = math.sqrt(curve.total_variance[first])
    return ExpectedMove(str(curve.expiration[first]), spot * deviation, deviation)
