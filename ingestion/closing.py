"""What is due after a session's close: asked of the session calendar and the ledger, never of the clock alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ingestion import bars, chain, iv_percentile, market_regime, rollups
from ingestion.slots import CLOSING_SLOT_OPEN_FOR, session_date
from quant import sessions
from warehouse import clock, queries
from warehouse.models import IngestionRun, WatchlistEntry
from warehouse.models.enums import RunStatus

MINUTES_AFTER_CLOSE = 5
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


def due_work(minutes_after_close: int = MINUTES_AFTER_CLOSE) -> list[DueWork]:
    """The closing work to do now at the market's clock: of each kind and symbol the oldest session not done.

    One session at a time, because a day's rank rests on the rows of the days before it. What failed is tried again
    after pauses that double from two minutes to six hours, and does not hold up the sessions after it. Work on
    chains waits for the snapshot of the close as long as it may come. Sessions that closed before a symbol was
    watched are not its own. Raises ValueError for negative minutes.
    """
    if minutes_after_close < 0:
        raise ValueError(f"minutes_after_close must not be negative, it is {minutes_after_close}.")
    now = clock.now()
    closed = _closed_sessions(now - timedelta(minutes=minutes_after_close))
    if not closed:
        return []
    entries = queries.watched_chains()
    if not entries:
        return []
    awaited = _awaited(entries, closed[-1], now)
    everyone_since_ms = min(entry.active_since_ms for entry in entries)
    kinds = [
        *((bars.STORE_TASK, str(entry.symbol), entry.active_since_ms, False) for entry in entries),
        *(
            (iv_percentile.TASK, str(entry.symbol), entry.active_since_ms, entry.symbol in awaited)
            for entry in entries
        ),
        (market_regime.TASK, "", everyone_since_ms, bool(awaited)),
        (rollups.TASK, "", everyone_since_ms, bool(awaited)),
    ]
    runs = _runs(clock.epoch_ms(sessions.close_of(closed[0])))
    return [
        DueWork(task, symbol, day)
        for task, symbol, since_ms, must_wait in kinds
        for day in _first_due(
            closed[:-1] if must_wait else closed, since_ms, now, runs.get((task, symbol), {})
        )
    ]


def _awaited(entries: Sequence[WatchlistEntry], session: date, now: datetime) -> set[str]:
    """Symbols whose snapshot of the session's close may still come: a day computed without it would be another day
    when it is computed again."""
    closed = sessions.close_of(session)
    if now >= closed + CLOSING_SLOT_OPEN_FOR:
        return set()
    slot = clock.epoch_ms(closed)
    symbols = {str(entry.symbol) for entry in entries if entry.active_since_ms <= slot}
    return {
        symbol
        for symbol in symbols
        if queries.run_statuses(chain.TASK, symbol, slot).get(slot) != RunStatus.DONE
    }


def _closed_sessions(closed_by: datetime) -> list[date]:
    """Sessions of the look-back that had closed by an instant, oldest first."""
    today = session_date(closed_by)
    return [day for day in sessions.sessions(today - LOOK_BACK, today) if sessions.close_of(day) <= closed_by]


def _runs(since_ms: int) -> dict[tuple[str, str], dict[int, IngestionRun]]:
    tasks = (bars.STORE_TASK, iv_percentile.TASK, market_regime.TASK, rollups.TASK)
    found: dict[tuple[str, str], dict[int, IngestionRun]] = {}
    for run in IngestionRun.objects.filter(task__in=tasks, slot__gte=since_ms):
        found.setdefault((run.task, run.symbol), {})[run.slot] = run
    return found


def _first_due(
    closed: list[date], since_ms: int, now: datetime, runs: dict[int, IngestionRun]
) -> Iterator[date]:
    for day in closed:
        slot = clock.epoch_ms(sessions.close_of(day))
        if slot >= since_ms and _may_be_tried(runs.get(slot), now):
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
