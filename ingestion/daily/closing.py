"""Jobs that are due after a session's close, determined from the session calendar and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ingestion.chains.slots import CLOSING_SLOT_OPEN_FOR
from ingestion.daily.vix_close import OFFICIAL_AFTER
from ingestion.simulated.past_sums import METHOD_VERSION
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock, market_days, queries
from warehouse.models import FlowDay, FlowOpeningDay, IngestionRun, WatchlistEntry
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

MINUTES_AFTER_CLOSE = 5
OVERDUE_AFTER = timedelta(hours=2)  # after the close; the first regime of a new warehouse may take minutes
# The percentile has the session's realized volatility; without the session's bar it is stored after this time.
BARS_PATIENCE = timedelta(minutes=30)
LOOK_BACK = timedelta(days=14)  # an older missed session is computed by command from its raw rows
_LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class DueWork:
    """One job of a session; `symbol` is '' for a job of the whole market."""

    task: str
    symbol: str
    session: date


def due_work(now: datetime, minutes_after_close: int = MINUTES_AFTER_CLOSE) -> list[DueWork]:
    """Return the jobs that are due at `now`: per task and symbol the oldest session not done.

    Only one session at a time, because a session's rank depends on the rows of earlier sessions. A failed job is
    repeated after pauses that double from two minutes to six hours, and does not delay later sessions. Jobs that read
    chains wait for the snapshot of the close as long as it may still be stored. Sessions that closed before a symbol
    was watched are skipped. Raises ValueError for negative minutes.
    """
    if minutes_after_close < 0:
        raise ValueError(f"minutes_after_close must not be negative, not {minutes_after_close}.")
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
            closed[:-1] if kind.waits_for & awaited or _waits(kind, closed[-1], runs, now) else closed,
            kind,
            runs,
            lambda run: _may_start(run, now),
        )
    ]


def overdue_work(now: datetime) -> list[DueWork]:
    """Return per task and symbol the oldest session whose job has not ended two hours after the close.

    These jobs were never started or never ended. A failed job is not included: its error is in the ledger. `now` is
    aware.
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


def due_opening_flow(now: datetime) -> list[DueWork]:
    """Return the symbols and sessions whose opening flow is due at `now`, oldest first.

    They have a row in flow_daily and none in flow_opening_daily, and a chain of the next session is stored or that
    session is over. A failed job is repeated after pauses as in `due_work`.
    """
    since = new_york_date(now) - LOOK_BACK
    done = set(FlowOpeningDay.objects.filter(date__gte=since).values_list("symbol", "date"))
    # Sums of the simulator come without the trades that the opening flow is computed from.
    summed = FlowDay.objects.filter(date__gte=since).exclude(method_version=METHOD_VERSION)
    days = summed.order_by("date", "symbol").values_list("symbol", "date")
    return [
        DueWork(RunTask.STORE_OPENING_FLOW, symbol, day)
        for symbol, day in days
        if (symbol, day) not in done
        and sessions.sessions(day, day)
        and _has_next_chain(symbol, day, now)
        and _may_start(_opening_run(symbol, day), now)
    ]


def _has_next_chain(symbol: str, session: date, now: datetime) -> bool:
    following = sessions.next_session(session)
    if sessions.open_of(following) > now:
        return False
    since_ms = clock.epoch_ms(sessions.open_of(following))
    statuses = queries.run_statuses(RunTask.INGEST_CHAIN, symbol, since_ms)
    return RunStatus.DONE in statuses.values() or now >= sessions.close_of(following) + CLOSING_SLOT_OPEN_FOR


def _opening_run(symbol: str, session: date) -> IngestionRun | None:
    slot = clock.epoch_ms(sessions.close_of(session))
    return IngestionRun.objects.filter(task=RunTask.STORE_OPENING_FLOW, symbol=symbol, slot=slot).first()


@dataclass(frozen=True, slots=True)
class _Kind:
    """A task for every session that closed from `since_ms` on; `waits_for` are the symbols whose chains it reads."""

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
        *(
            _Kind(RunTask.STORE_SURFACE, symbol, since_ms, frozenset({symbol}))
            for symbol, since_ms in of_symbols
        ),
        _Kind(RunTask.CALCULATE_MARKET_REGIME, "", everyone_since_ms, everyone),
        _Kind(RunTask.ROLL_UP, "", everyone_since_ms, everyone),
    ]


def _awaited(entries: Sequence[WatchlistEntry], session: date, now: datetime) -> set[str]:
    """Return the symbols whose snapshot of the session's close may still be stored.

    A result computed without it would change when computed again.
    """
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


def _waits(
    kind: _Kind, session: date, runs: dict[tuple[str, str], dict[int, IngestionRun]], now: datetime
) -> bool:
    """Return whether a job of the last closed session waits: the percentile for bars, the regime for the VIX."""
    closed = sessions.close_of(session)
    if kind.task == RunTask.CALCULATE_MARKET_REGIME:
        return now < closed + OFFICIAL_AFTER
    if kind.task != RunTask.CALCULATE_IV_PERCENTILE or now >= closed + BARS_PATIENCE:
        return False
    bars = runs.get((RunTask.STORE_BARS, kind.symbol), {}).get(clock.epoch_ms(closed))
    return bars is None or bars.status != RunStatus.DONE


def _closed_sessions(closed_by: datetime) -> list[date]:
    """Return the sessions of the last two weeks that had closed at a time, oldest first.

    A day that the provider closed has no jobs. A day that is a session only for the provider has chains but no jobs,
    because the ledger identifies a session by the calendar's close.
    """
    today = new_york_date(closed_by)
    took_place = market_days.hours(today - LOOK_BACK, today)
    in_calendar = sessions.sessions(today - LOOK_BACK, today)
    return [day for day in in_calendar if day in took_place and took_place[day].closes <= closed_by]


def _runs(oldest: date) -> dict[tuple[str, str], dict[int, IngestionRun]]:
    since_ms = clock.epoch_ms(sessions.close_of(oldest))
    tasks = (
        RunTask.STORE_BARS,
        RunTask.CALCULATE_IV_PERCENTILE,
        RunTask.STORE_SURFACE,
        RunTask.CALCULATE_MARKET_REGIME,
        RunTask.ROLL_UP,
    )
    runs: dict[tuple[str, str], dict[int, IngestionRun]] = {}
    for run in IngestionRun.objects.filter(task__in=tasks, slot__gte=since_ms):
        runs.setdefault((run.task, run.symbol), {})[run.slot] = run
    return runs


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


def _may_start(run: IngestionRun | None, now: datetime) -> bool:
    """Return whether a job may be started. STARTED is included: a running job is detected when it is claimed."""
    if run is None or run.status == RunStatus.STARTED:
        return True
    if run.status == RunStatus.DONE or run.finished_at is None:
        return False
    pause = min(timedelta(minutes=2 ** min(run.attempts, 10)), _LONGEST_PAUSE)
    return clock.instant(run.finished_at) + pause <= now
