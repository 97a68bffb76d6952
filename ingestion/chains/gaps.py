"""Slots whose chain is missing, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.chains.cadence import configured
from ingestion.chains.slots import slots_within
from quant.sessions import new_york_date
from warehouse import clock, market_days
from warehouse.models import IngestionRun, WatchlistEntry
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask


@dataclass(frozen=True, slots=True)
class Gap:
    """A slot (epoch ms) without its chain."""

    slot: int
    reason: str


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps, oldest first, with the number of slots that should exist and of sessions."""

    gaps: tuple[Gap, ...]
    expected: int
    sessions: int


def missing_slots(entry: WatchlistEntry, now: datetime, days: int) -> Gaps:
    """Return the gaps of the last `days` sessions up to `now` (aware), at the configured cadence.

    A slot that may still be fetched is no gap.
    """
    today = new_york_date(now)
    # Three calendar days per session are enough for every sequence of holidays so far.
    sessions = list(market_days.hours(today - timedelta(days=3 * days + 7), today).values())
    begun = [hours for hours in sessions if hours.opens <= now][-days:]
    cadence = configured()
    slots = [slot for hours in begun for slot in slots_within(*hours, cadence.every_minutes, cadence.window)]
    over = [slot.at_ms for slot in slots if slot.deadline <= now]
    runs = _runs(entry.symbol, over[0]) if over else {}
    missing = (Gap(slot, _reason(runs.get(slot), slot, entry)) for slot in over if not _done(runs.get(slot)))
    return Gaps(tuple(missing), len(over), len(begun))


def _runs(symbol: str, since_ms: int) -> dict[int, IngestionRun]:
    return {
        run.slot: run
        for run in IngestionRun.objects.filter(task=RunTask.INGEST_CHAIN, symbol=symbol, slot__gte=since_ms)
    }


def _done(run: IngestionRun | None) -> bool:
    return run is not None and run.status == RunStatus.DONE


def _reason(run: IngestionRun | None, slot: int, entry: WatchlistEntry) -> str:
    if run is None and slot < entry.active_since_ms:
        return f"not watched before {clock.instant(entry.active_since_ms):%Y-%m-%d %H:%M} UTC"
    if run is None:
        return "not attempted" if entry.ingest_chain else "chains are disabled for the symbol"
    if run.status == RunStatus.STARTED:
        return f"started {run.attempts} times and not ended"
    tried = f" ({run.attempts} attempts)" if run.attempts else ""
    return f"{run.error or 'failed without a reason'}{tried}"
