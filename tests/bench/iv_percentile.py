"""The IV percentile of one symbol over 52 weeks, from the stored chain of the last session to the row committed."""

from __future__ import annotations

from datetime import timedelta

from ingestion.daily.iv_percentile import calculate_iv_percentile
from quant import sessions
from tests.bench.measure import best_ms
from tests.bench.sized import Timed
from warehouse import clock

FLOOR_MS = 50


def iv_percentile() -> Timed:
    """Milliseconds of the whole call: claim, read, rank, store."""
    now = clock.now()
    today = sessions.new_york_date(now)
    session = [
        day for day in sessions.sessions(today - timedelta(days=9), today) if sessions.close_of(day) <= now
    ][-1]
    found = calculate_iv_percentile("SPX", session, again=True)
    assert found.stored, found.detail
    assert found.data_points == 252
    assert found.current_iv is not None
    took = best_ms(lambda: calculate_iv_percentile("SPX", session, again=True), repeats=100)
    return Timed(
        took, f"a chain of 20,000 contracts ranked in 252 sessions; the floor is {FLOOR_MS} ms, flat"
    )
