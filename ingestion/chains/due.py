"""What is due now, and what was missed: asked of the market's days and the ledger, never of the clock alone."""

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

LOOK_BACK = timedelta(days=14)  # a longer outage is a gap without a line for every slot


@dataclass(frozen=True, slots=True)
class DueChain:
    """One chain to fetch now; it may be fetched until `deadline`, both times epoch milliseconds."""

    symbol: str
    slot: int
    deadline: int


def due_chains(now: datetime, every_minutes: int = 15, window: str = REGULAR_WINDOW) -> list[DueChain]:
    """Chains of watched symbols that are due at the market's clock and not done. Records what was missed.

    Outside sessions nothing is due and nothing is fetched. Raises ValueError, in one sentence, for an
    `every_minutes` or a `window` nobody can mean.
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
    """Writes a FAILED run for every slot that passed while the symbol was watched, or that was begun and never
    ended (the first slot of a new symbol began before it was watched). Returns how many were new."""
    passed = over(slots, now, since=clock.instant(entry.active_since_ms))
    crashed = [slot for slot in slots if slot.deadline <= now and _was_begun(slot, statuses)]
    return sum(
        runs.miss(RunTask.INGEST_CHAIN, entry.symbol, slot.at_ms, MISSED)
        for slot in {*passed, *crashed}
        if slot.at_ms not in statuses or _was_begun(slot, statuses)
    )


def _was_begun(slot: Slot, statuses: dict[int, str]) -> bool:
    return statuses.get(slot.at_ms) == RunStatus.STARTED
