"""Implied volatility of the last finished session known at each bar."""

from __future__ import annotations

import numpy as np

from quant.volatility.event_ramp import event_ramp
from signals.features.context_columns import IvColumns
from signals.features.daily_rows import closes_ms, newest_rows, numbers, texts
from signals.features.events import EventColumns
from signals.features.history import History
from warehouse.asof.iv import IvDays, TermDays
from warehouse.asof.rows import Texts


def iv_columns(found: IvDays, term: TermDays, events: EventColumns, history: History) -> IvColumns:
    """Return the columns of the daily rows, of the term structure and of the next event."""
    place, age = newest_rows(found.date, found.known_at, history)
    return IvColumns(
        as_of_ms=closes_ms(found.date, place, history),
        known_at_ms=numbers(found.known_at.astype(np.float64), place),
        age_sessions=age,
        data_points=numbers(found.data_points.astype(np.float64), place),
        rank=numbers(found.iv_rank, place),
        percentile=numbers(found.iv_percentile, place),
        iv_regime=texts(found.iv_regime, place),
        recommendation=texts(found.recommendation, place),
        trend=texts(found.iv_trend, place),
        ramp=texts(_ramps(term), newest_rows(term.date, term.known_at, history)[0]),
        expected_move=numbers(found.expected_move, place),
        variance_premium=numbers(found.variance_risk_premium, place),
        front_iv=events.front_iv,
        front_mean=events.front_mean,
        ex_event_iv=events.ex_event_iv,
        front_kink_points=events.front_kink_points,
        event_timing=events.event_timing,
        event_expirations=events.event_expirations,
        days_to_event=events.days_to_event,
    )


def _ramps(found: TermDays) -> Texts:
    """Return for each session whether its volatility of 30 days has risen above its mean: why, or none; (n,)."""
    states = []
    for row in range(len(found)):
        raw, without = found.at_the_money, found.ex_event
        ramp = event_ramp(
            found.date[:row], raw[:row], without[:row], found.date[row], float(raw[row]), float(without[row])
        )
        known = ramp.raw.expansion_pct is not None
        states.append((ramp.raw.catalyst or "ramp") if ramp.raw.detected else "none" if known else "")
    return np.array(states, dtype=np.str_)
