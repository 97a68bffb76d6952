"""What is due after a session's close: asked of the session calendar and the ledger, never of the clock alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ingestion.chains.slots import CLOSING_SLOT_OPEN_FOR
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock, market_days, queries
from warehouse.models import IngestionRun, WatchlistEntry
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

MINUTES_AFTER_CLOSE = 5
OVERDUE_AFTER = timedelta(hours=2)  # after the close; the first regime of a new warehouse may take minutes
LOOK_BACK = timedelta(
    days=14
)  # a session missed for longer is computed by hand: its raw rows are still there
_LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class DueWork:
    """One piece of a session's closing work; `symbol` is '' for work of the whole market."""

    task: str
    symbol: str
    session: date


def due_work(now: datetime, minutes_after_close: int = MINUTES_AFTER_CLOSE) -> list[DueWork]:
    """The closing work to do now at the market's clock: of each kind and symbol the oldest session not done.

    One session at a time, because a day's rank rests on the rows of the days before it. What failed is tried again
    after pauses that double from two minutes to six hours, and does not hold up the sessions after it. Work on
    chains waits for the snapshot of the close as long as it may come. Sessions that closed before a symbol was
    watched are not its own. Raises ValueError for negative minutes.
    """
    if minutes_after_close < 0:
        raise ValueError(f"minutes_after_close must not be negative, it is {minutes_after_close}.")
    closed = _closed_sessions(now - timedelta(minutes=minutes_after_close))
    if not closed:
        return []
    entries = queries.watched_chains()
    if not entries:
        return []
    awaited = _awaited(entries, closed[-1], now)
    runs = _runs(closed[0])
    return [
        DueWork(kind.task, kind.symbol, day)
        for kind in _kinds(entries)
        for day in _first(
            closed[:-1] if kind.waits_for & awaited else closed,
            kind,
            runs,
            lambda run: _may_be_tried(run, now),
        )
    ]


def overdue_work(now: datetime) -> list[DueWork]:
    """Of each kind and symbol the oldest session whose work is not ended two hours after its close (`now` is aware).

    Nobody began it, or whoever did never came to an end. What failed has its sentence in the ledger and is not here.
    """
    closed, entries = _closed_sessions(now - OVERDUE_AFTER), queries.watched_chains()
    if not closed or not entries:
        return []
    runs = _runs(closed[0])
    return [
        DueWork(kind.task, kind.symbol, day)
        for kind in _kinds(entries)
        for day in _first(closed, kind, runs, lambda run: run is None or run.status == RunStatus.STARTED)
    ]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Work of every session that closed from `since_ms` on; `waits_for` names the symbols whose chains it reads."""

    task: str
    symbol: str
    since_ms: int
    waits_for: frozenset[str] = frozenset()


def _kinds(entries: Sequence[WatchlistEntry]) -> list[_Kind]:
    everyone = frozenset(str(entry.symbol) for entry in entries)
    everyone_since_ms = min(entry.active_since_ms for entry in entries)
    of_symbols = [(str(entry.symbol), entry.active_since_ms) for entry in entries]
    return [
        *(_Kind(RunTask.STORE_BARS, symbol, since_ms) for symbol, since_ms in of_symbols),
        *(
            _Kind(RunTask.CALCULATE_IV_PERCENTILE, symbol, since_ms, frozenset({symbol}))
            for symbol, since_ms in of_symbols
        ),
        _Kind(RunTask.CALCULATE_MARKET_REGIME, "", everyone_since_ms, everyone),
        _Kind(RunTask.ROLL_UP, "", everyone_since_ms, everyone),
    ]


def _awaited(entries: Sequence[WatchlistEntry], session: date, now: datetime) -> set[str]:
    """Symbols whose snapshot of the session's close may still come: a day computed without it would be another day
    when it is computed again."""
    closed = market_days.hours(session, session)[session].closes
    if now >= closed + CLOSING_SLOT_OPEN_FOR:
        return set()
    slot = clock.epoch_ms(closed)
    symbols = {str(entry.symbol) for entry in entries if entry.active_since_ms <= slot}
    return {
        symbol
        for symbol in symbols
        if queries.run_statuses(RunTask.INGEST_CHAIN, symbol, slot).get(slot) != RunStatus.DONE
    }


def _closed_sessions(closed_by: datetime) -> list[date]:
    """Sessions of the look-back that had closed by an instant, oldest first.

    A day on which the provider closed the market has no work. One that only the provider calls a session has chains
    and no work either: the ledger names a session by the calendar's close.
    """
    today = new_york_date(closed_by)
    took_place = market_days.hours(today - LOOK_BACK, today)
    known = sessions.sessions(today - LOOK_BACK, today)
    return [day for day in known if day in took_place and took_place[day].closes <= closed_by]


def _runs(oldest: date) -> dict[tuple[str, str], dict[int, IngestionRun]]:
    since_ms = clock.epoch_ms(sessions.close_of(oldest))
    tasks = (
        RunTask.STORE_BARS,
        RunTask.CALCULATE_IV_PERCENTILE,
        RunTask.CALCULATE_MARKET_REGIME,
        RunTask.ROLL_UP,
    )
    found: dict[tuple[str, str], dict[int, IngestionRun]] = {}
    for run in IngestionRun.objects.filter(task__in=tasks, slot__gte=since_ms):
        found.setdefault((run.task, run.symbol), {})[run.slot] = run
    return found


def _first(
    closed: list[date],
    kind: _Kind,
    runs: dict[tuple[str, str], dict[int, IngestionRun]],
    wanted: Callable[[IngestionRun | None], bool],
) -> Iterator[date]:
    of_kind = runs.get((kind.task, kind.symbol), {})
    for day in closed:
        slot = clock.epoch_ms(sessions.close_of(day))
        if slot >= kind.since_ms and wanted(of_kind.get(slot)):
            yield day
            return


def _may_be_tried(run: IngestionRun | None, now: datetime) -> bool:
    """STARTED counts: either the worker crashed, or it is at it and the claim says so."""
    if run is None or run.status == RunStatus.STARTED:
        return True
    if run.status == RunStatus.DONE or run.finished_at is None:
        return False
    pause = min(timedelta(minutes=2 ** min(run.attempts, 10)), _LONGEST_PAUSE)
    return clock.instant(run.finished_at) + pause <= now
