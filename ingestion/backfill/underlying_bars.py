"""Jobs for the bars of underlyings: of the sessions, and of those before them with which indicators begin.

The bars of an index have no volume, so those of its reference are fetched too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ingestion import fetched_ranges
from ingestion.backfill.backfill_request import BackfillRequest
from ingestion.backfill.engine.jobs import Job, RunKey, Stage
from ingestion.bars.bar_times import close_ms
from ingestion.bars.historical_bars import task_of
from ingestion.fetched_ranges import Stretch
from provider.symbols import bare
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock
from warehouse.models import WatchlistEntry
from warehouse.models.enums import Timeframe, UnderlyingKind

MINUTES_PER_SESSION, BARS_PER_PAGE = 390, 50_000
_IN_SESSIONS = (Timeframe.DAY, Timeframe.MINUTE)


class BarJobs(NamedTuple):
    """Jobs for bars, the runs of those that were fetched before, bounds of their rows, and their extra requests."""

    jobs: list[Job]
    fetched: list[RunKey]
    rows: int
    before_requests: int  # of all requests, those that are needed only for bars before the sessions


class _Series(NamedTuple):
    ticker: str  # the provider's
    symbol: str
    session: date  # that determines the priority


def bar_jobs(
    request: BackfillRequest, entries: Sequence[WatchlistEntry], first_days: Mapping[Timeframe, date]
) -> BarJobs:
    """Return a job for each series of which bars are missing.

    Daily and minute bars are those of the requested sessions. `first_days` adds the timeframes that detectors need,
    each from a session before the first requested one on. Reads the fetched ranges only.
    """
    result = BarJobs([], [], 0, 0)
    first, last = request.sessions[0], request.sessions[-1]
    wanted = dict.fromkeys(_IN_SESSIONS, first) | dict(first_days)
    for series in _series(request, entries):
        for frame, since in wanted.items():
            task, symbol = task_of(frame), bare(series.ticker)
            needed = Stretch(close_ms(sessions.previous_session(since)), close_ms(last))
            gaps = fetched_ranges.missing(needed, fetched_ranges.covered(task, symbol))
            run = RunKey(task, symbol, gaps[-1].until_ms if gaps else needed.until_ms)
            if not gaps:
                result.fetched.append(run)
                continue
            days = [_sessions_of(gap) for gap in gaps]
            requests = sum(requests_for(frame, len(each)) for each in days)
            inside = [sum(day >= first for day in each) for each in days] if frame in _IN_SESSIONS else []
            before = requests - sum(requests_for(frame, each) for each in inside)
            arguments = (series.ticker, frame.value, since.isoformat(), last.isoformat(), first.isoformat())
            result.jobs.append(
                Job(Stage.BARS, series.symbol, series.session, (run,), arguments, requests=requests)
            )
            rows = sum(map(len, days)) * _bars_per_session(frame)
            result = result._replace(rows=result.rows + rows, before_requests=result.before_requests + before)
    return result


def requests_for(frame: Timeframe, count: int) -> int:
    """Return the requests for the bars of `count` sessions: a page is filled by minutes, whatever the bars' length."""
    minutes = 1 if frame == Timeframe.DAY else MINUTES_PER_SESSION
    return -(-count * minutes // BARS_PER_PAGE)


def spread_session(request: BackfillRequest, index: int, count: int) -> date:
    """Return the session that determines the priority of job `index` of `count` jobs on which no chain depends.

    Spreading them over the first half of the sessions mixes them with the jobs for contracts. If they all came first,
    the compute processes would be idle meanwhile.
    """
    return request.sessions[index * len(request.sessions) // (2 * count)]


def _series(request: BackfillRequest, entries: Sequence[WatchlistEntry]) -> list[_Series]:
    """Return the underlyings, and the references of indices that are not among them."""
    tickers = {str(entry.provider_symbol): str(entry.symbol) for entry in entries}
    for entry in entries:
        if entry.kind == UnderlyingKind.INDEX and entry.reference_symbol:
            tickers.setdefault(str(entry.reference_symbol), str(entry.reference_symbol))
    return [
        _Series(ticker, symbol, spread_session(request, index, len(tickers)))
        for index, (ticker, symbol) in enumerate(tickers.items())
    ]


def _sessions_of(gap: Stretch) -> list[date]:
    """Return the sessions that end in a range of bars."""
    first, last = (new_york_date(clock.instant(at_ms)) for at_ms in gap)
    return [day for day in sessions.sessions(first, last) if gap.after_ms < close_ms(day) <= gap.until_ms]


def _bars_per_session(frame: Timeframe) -> int:
    minutes = {Timeframe.MINUTE: 1, Timeframe.FIVE_MINUTES: 5, Timeframe.QUARTER_HOUR: 15}
    return MINUTES_PER_SESSION // minutes.get(frame, MINUTES_PER_SESSION)
