"""Implied volatility of the last finished session known at each bar."""

from __future__ import annotations

import numpy as np

from signals.features.context_columns import IvColumns
from signals.features.daily_rows import closes_ms, newest_rows, numbers, texts
from signals.features.history import History
from warehouse.asof.iv import IvDays


def iv_columns(found: IvDays, history: History) -> IvColumns:
    """Return the columns of the daily rows. What the surface and the events add is missing without them."""
    place, age = newest_rows(found.date, found.known_at, history)
    missing = np.full(len(place), np.nan)
    nothing = np.full(len(place), "")
    return IvColumns(
        as_of_ms=closes_ms(found.date, place),
        known_at_ms=numbers(found.known_at.astype(np.float64), place),
        age_sessions=age,
        data_points=numbers(found.data_points.astype(np.float64), place),
        rank=numbers(found.iv_rank, place),
        percentile=numbers(found.iv_percentile, place),
        iv_regime=texts(found.iv_regime, place),
        recommendation=texts(found.recommendation, place),
        trend=texts(found.iv_trend, place),
        ramp=nothing,
        expected_move=numbers(found.expected_move, place),
        variance_premium=numbers(found.variance_risk_premium, place),
        front_iv=missing,
        front_mean=missing,
        ex_event_iv=missing,
        front_kink_points=missing,
        event_timing=nothing,
        event_expirations=missing,
        days_to_event=missing,
    )
