"""Rows of volatility surfaces and term structures of past sessions of the simulated market."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db import transaction

from ingestion.chains.compute import finite
from ingestion.simulated.past_sums import METHOD_VERSION
from quant.chain import DAYS_PER_YEAR, Floats
from quant.volatility.iv_rank import WINDOW_SESSIONS
from quant.volatility.surface import DELTAS, TENOR_DAYS
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import SurfacePoint, TermDay

SURFACE_SESSIONS = 42  # of which every point is stored; the term structure is that of a year
_AT_30, _AT_60 = TENOR_DAYS.index(30), TENOR_DAYS.index(60)


def store_surfaces(symbol: str, series: dict[str, Any]) -> int:
    """Insert the rows of the last 252 sessions of `series` that are not stored; return their number.

    `series` is that of `past_sums.volatilities`. The rows have no quotes and no strikes.
    """
    count = len(series["dates"])
    terms = [_term(symbol, series, place) for place in range(max(count - WINDOW_SESSIONS, 0), count)]
    points = [
        point
        for place in range(max(count - SURFACE_SESSIONS, 0), count)
        for point in _points(symbol, series, place)
    ]

    def insert() -> int:
        with transaction.atomic():
            stored = SurfacePoint.objects.bulk_create(points, ignore_conflicts=True)
            return len(stored) + len(TermDay.objects.bulk_create(terms, ignore_conflicts=True))

    return store_in_time(insert)


def _points(symbol: str, series: dict[str, Any], place: int) -> list[SurfacePoint]:
    session = series["dates"][place].item()
    return [
        SurfacePoint(
            symbol=symbol,
            date=session,
            tenor_days=days,
            delta=delta,
            iv=finite(float(series["surface"][place, row, column])),
            n_quotes=0,
            method_version=METHOD_VERSION,
            known_at=known_at.of_session(session),
        )
        for row, days in enumerate(TENOR_DAYS)
        for column, delta in enumerate(DELTAS)
    ]


def _term(symbol: str, series: dict[str, Any], place: int) -> TermDay:
    session = series["dates"][place].item()
    levels: Floats = series["at_the_money"][place]
    put, call = (float(series["surface"][place, _AT_30, DELTAS.index(name)]) for name in ("25P", "25C"))
    years = np.array(TENOR_DAYS) / DAYS_PER_YEAR
    forward = np.diff(levels**2 * years, prepend=0.0) / np.diff(years, prepend=0.0)
    at_the_money, nothing = levels.tolist(), [""] * len(TENOR_DAYS)
    return TermDay(
        symbol=symbol,
        date=session,
        tenor_days=list(TENOR_DAYS),
        at_the_money=at_the_money,
        reason=nothing,
        forward_variance=forward.tolist(),
        forward_volatility=np.sqrt(forward).tolist(),
        ex_event=at_the_money,
        ex_event_reason=nothing,
        skew_25d_put_minus_call=put - call,
        butterfly_25d=0.5 * (put + call) - at_the_money[_AT_30],
        slope=at_the_money[_AT_60] - at_the_money[_AT_30],
        event_reason="no_event",
        settlements=0,
        refused=0,
        butterflies=0,
        calendars=0,
        method_version=METHOD_VERSION,
        known_at=known_at.of_session(session),
    )
