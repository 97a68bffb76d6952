"""Chains that are due, and slots that were missed, by the session calendar and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.chains.ingest import MISSED
from ingestion.chains.slots import REGULAR_WINDOW, Slot, due, over, slots_within
from quant.sessions import new_york_date
from warehouse import clock, market_days, queries, runs
from warehouse.models import WatchlistEntry
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

LOOK_BACK = timedelta(days=14)  # slots before that get no run; a longer outage stays a gap


@dataclass(frozen=True, slots=True)
class DueChain:
    """A chain to fetch. `slot` and `deadline`, until which it may be fetched, are epoch milliseconds."""

    symbol: str
    slot: int
    deadline: int


def due_chains(now: datetime, every_minutes: int = 15, window: str = REGULAR_WINDOW) -> list[DueChain]:
    """Return the chains of watched symbols that are due at `now` (aware) and not done, and record missed slots.

    Outside sessions nothing is due. Raises ValueError, with one sentence, for an invalid `every_minutes` or `window`.
    """
    today = new_york_date(now)
    days = market_days.hours(today - LOOK_BACK, today)
    slots = [slot for hours in days.values() for slot in slots_within(*hours, every_minutes, window)]
    current = due(slots, now)
    chains = []
    for entry in queries.watched_chains():
        statuses = queries.run_statuses(RunTask.INGEST_CHAIN, entry.symbol, slots[0].at_ms) if slots else {}
        record_missed(entry, slots, statuses, now)
        if current and statuses.get(current.at_ms) != RunStatus.DONE:
            chains.append(DueChain(entry.symbol, current.at_ms, clock.epoch_ms(current.deadline)))
    return chains


def record_missed(
    entry: WatchlistEntry, slots: Sequence[Slot], statuses: dict[int, str], now: datetime
) -> int:
    """Store a FAILED run for every missed slot and return how many were new.

    Missed are slots that passed while the symbol was watched, and slots whose run was started and never ended. The
    latter include the first slot of a new symbol, which began before the symbol was watched. A slot without a run that
    is followed by one with a run was no slot then: every poll records what was missed before, so that only a change of
    the cadence leaves such slots.
    """
    newest_ms = max(statuses, default=0)
    watched = over(slots, now, since=clock.instant(entry.active_since_ms))
    passed = [slot for slot in watched if slot.at_ms >= newest_ms]
    crashed = [slot for slot in slots if slot.deadline <= now and _was_started(slot, statuses)]
    return sum(
        runs.miss(RunTask.INGEST_CHAIN, entry.symbol, slot.at_ms, MISSED)
        for slot in {*passed, *crashed}
        if slot.at_ms not in statuses or _was_started(slot, statuses)
    )


def _was_started(slot: Slot, statuses: dict[int, str]) -> bool:
    return statuses.get(slot.at_ms) == RunStatus.STARTED
