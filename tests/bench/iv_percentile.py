"""Time of the IV percentile of one symbol over 52 weeks, from the stored chain to the committed row."""

from __future__ import annotations

from datetime import timedelta

from ingestion.daily.iv_percentile import calculate_iv_percentile
from quant import sessions
from tests.bench.measure import best_ms
from tests.bench.sized import Timed
from warehouse import clock

LIMIT_MS = 50


def iv_percentile() -> Timed:
    """Return the milliseconds of the whole call: claim, read, rank, store."""
    now = clock.now()
    today = sessions.new_york_date(now)
    session = [
        day for day in sessions.sessions(today - timedelta(days=9), today) if sessions.close_of(day) <= now
    ][-1]
    result = calculate_iv_percentile("SPX", session, again=True)
    assert result.stored, result.detail
    assert result.data_points == 252
    assert result.current_iv is not None
    took = best_ms(lambda: calculate_iv_percentile("SPX", session, again=True), repeats=100)
    return Timed(
        took,
        f"a chain of 20,000 contracts ranked in 252 sessions; required: at most {LIMIT_MS} ms at every size",
    )
