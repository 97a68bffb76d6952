"""Ranks made before their year was filled: what a backfill leaves to be said anew."""

from __future__ import annotations

import bisect
from datetime import date

from ingestion.iv_percentile import calculate_iv_percentile
from quant import iv_rank, sessions
from warehouse.models import IvPercentile


def rank_again(symbol: str, since: date) -> int:
    """Ranks anew, oldest first, every stored session from `since` on that was ranked in fewer of the sessions before
    it than are stored by now; returns how many. The rank of a session rests on earlier ones alone, so that doing this
    late gives what the right order would have given."""
    found = IvPercentile.objects.filter(symbol=symbol).order_by("date")
    rows = list(found.values_list("date", "current_iv", "data_points"))
    known = [day for day, level, _ in rows if level is not None]
    again = 0
    for day, _, points in rows:
        if day < since:
            continue
        past = sessions.sessions(known[0], day)[-1 - iv_rank.WINDOW_SESSIONS : -1] if known else []
        in_window = bisect.bisect_left(known, day) - bisect.bisect_left(known, past[0]) if past else 0
        if in_window > points:
            calculate_iv_percentile(symbol, day, again=True)
            again += 1
    return again
