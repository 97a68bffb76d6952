"""Rows of iv_percentile_cache of past sessions of the simulated market, ranked as live ones."""

from __future__ import annotations

from typing import Any

from ingestion.chains.compute import finite
from ingestion.daily.iv_percentile import MATURITY_DAYS
from ingestion.simulated.past_sums import METHOD_VERSION
from quant.volatility import iv_rank
from quant.volatility.iv_rank import WINDOW_SESSIONS
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import IvPercentile

_STANDING = (
    "current_iv",
    "iv_rank",
    "iv_percentile",
    "iv_regime",
    "iv_52w_high",
    "iv_52w_low",
    "iv_trend",
    "recommendation",
    "data_points",
    "is_provisional",
)


def store_volatility(symbol: str, series: dict[str, Any]) -> int:
    """Insert the rows of the sessions after the first 252 of `series` that are not stored; return their number.

    The first sessions are only what the others are ranked in. `series` is that of `past_sums.volatilities`.
    """
    rows = [_row(symbol, series, place) for place in range(WINDOW_SESSIONS, len(series["dates"]))]
    created = store_in_time(lambda: IvPercentile.objects.bulk_create(rows, ignore_conflicts=True))
    return len(created)


def _row(symbol: str, series: dict[str, Any], place: int) -> IvPercentile:
    days, levels = series["dates"], series["iv_30"]
    past = slice(place - WINDOW_SESSIONS, place)
    current, session = float(levels[place]), days[place].item()
    ramp = iv_rank.iv_ramp(days[past], levels[past], days[place], current)
    standing = iv_rank.standing(current, levels[past], ramp)
    return IvPercentile(
        symbol=symbol,
        date=session,
        term_slope=float(series["iv_60"][place]) - current,
        expected_move=finite(float(iv_rank.expected_move(series["spot"][place], current, MATURITY_DAYS))),
        variance_index=float(series["variance_index"][place]),
        method_version=METHOD_VERSION,
        known_at=known_at.of_session(session),
        **{name: getattr(standing, name) for name in _STANDING},
    )
