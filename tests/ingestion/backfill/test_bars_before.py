"""A backfill also fetches the bars before its sessions with which the indicators of detectors begin."""

from __future__ import annotations

from datetime import date

import pytest

from config.backfill import bars_of_detectors
from ingestion import fetched_ranges
from ingestion.backfill.backfill_request import BackfillRequest, checked_request
from ingestion.backfill.engine.fetching import FETCH_HANDLERS, run_fetch
from ingestion.backfill.engine.jobs import JobStatus, Stage
from ingestion.backfill.estimate import describe
from ingestion.backfill.plan import Plan, plan
from ingestion.backfill.prepare import PreparedData, PreparedSymbol
from ingestion.backfill.selection import Depth
from ingestion.bars.bar_times import close_ms
from ingestion.fetched_ranges import Stretch
from quant import sessions
from signals import market_view
from signals.market_view import MarketView
from tests.ingestion.backfill.past import FRIDAY
from warehouse import clock, watchlist

pytestmark = pytest.mark.database

FIRST = date(2026, 11, 9)


def request_of(*symbols: str) -> BackfillRequest:
    """Return the request for the bars of ten sessions."""
    return checked_request(list(symbols), 12, FRIDAY, ["bars"], Depth(), "close", clock.now_ms())


def plan_of(request: BackfillRequest) -> Plan:
    prepared = PreparedData([PreparedSymbol(str(entry.symbol)) for entry in request.entries])
    return plan(request, prepared, bars_of_detectors(request.sessions[0]))


def test_each_timeframe_begins_with_the_session_of_its_anchor(evening):
    first_days = bars_of_detectors(FIRST)
    counts = {
        frame: len(sessions.sessions(day, FIRST)) - 1 for frame, day in first_days.items() if frame != "1d"
    }
    assert counts == {"15m": 128, "5m": 32}
    assert len(sessions.sessions(first_days["1d"], date(2026, 11, 1))) == 800


def test_the_plan_has_a_job_per_series_and_counts_the_extra_requests(evening):
    jobs = plan_of(request_of("SPX")).jobs
    found = {(job.symbol, *job.arguments[:3], job.requests) for job in jobs}
    day, quarter, five = (bars_of_detectors(FIRST)[frame].isoformat() for frame in ("1d", "15m", "5m"))
    series = [("1d", day, 1), ("1m", "2026-11-09", 1), ("15m", quarter, 2), ("5m", five, 1)]
    assert found == {
        (symbol, ticker, *one)
        for symbol, ticker in (("SPX", "I:SPX"), ("SPY", "SPY"))  # the volume of the index
        for one in series
    }
    assert {job.arguments[3:] for job in jobs} == {("2026-11-20", "2026-11-09")}
    assert {job.stage for job in jobs} == {Stage.BARS}


def test_the_estimate_names_the_requests_for_bars_before_the_sessions(evening):
    watchlist.add_default_symbols(["SPY"])
    request = request_of("SPY")
    lines = describe(request, plan_of(request), None)
    assert "4 jobs, 5 requests (3 of them for bars before these sessions)" in lines[1]


def test_only_the_missing_part_of_a_series_is_counted(evening):
    watchlist.add_default_symbols(["SPY"])
    request = request_of("SPY")
    before = close_ms(sessions.previous_session(FIRST))
    for task in ("bars_1d", "bars_15m"):
        fetched_ranges.record(task, [("SPY", Stretch(0, before))])
    result = plan_of(request)
    assert {job.arguments[1]: job.requests for job in result.jobs} == {"1d": 1, "1m": 1, "15m": 1, "5m": 1}
    # The ten sessions of 15 and 5 minutes are no daily or minute bars either.
    assert result.before_requests == 2


def test_after_a_backfill_every_bar_that_detectors_need_is_stored(evening, market):
    watchlist.add_default_symbols(["SPY"])
    request = request_of("SPY")
    for job in plan_of(request).jobs:
        outcome = run_fetch(FETCH_HANDLERS[job.stage], job.run, job.arguments, market.connect, clock.now_ms())
        assert outcome.status == JobStatus.DONE
    assert plan_of(request).jobs == []
    view = market_view.read(["SPY"], close_ms(FIRST), close_ms(FRIDAY))
    assert _counts(view) == {"1d": 800 + 15, "15m": 138 * 26, "5m": 42 * 78, "1m": 3900}


def _counts(view: MarketView) -> dict[str, int]:
    return {str(frame): len(found) for frame, found in view.symbols["SPY"].prices.bars.items()}
