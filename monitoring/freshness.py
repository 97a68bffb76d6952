"""Health checks of option chains and of the provider.

Outside sessions no chain is expected, so none is stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max

from ingestion.chains.cadence import configured
from ingestion.chains.ingest import MISSED
from ingestion.chains.slots import Slot, slots_within
from monitoring.checks import Check, Health, check_of
from quant.sessions import NEW_YORK, new_york_date
from warehouse import clock, market_days, queries
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

ALLOWED_CADENCES = 2  # age of a chain that is still fresh


def check_chains(now: datetime) -> Check:
    """Return degraded when a watched symbol lacks the chain that should be stored by `now` (aware)."""
    cadence = configured()
    slots = todays_slots(now)
    expected = expected_slot(slots, now, timedelta(minutes=ALLOWED_CADENCES * cadence.every_minutes))
    if expected is None:
        return Check("chains", Health.OK, "idle: no chain is due", {"expected_slot_ms": None})
    stored = newest_stored(slots[0].at_ms)
    watched = [entry for entry in queries.watched_chains() if entry.active_since_ms <= expected.at_ms]
    stale = [entry.symbol for entry in watched if stored.get(entry.symbol, 0) < expected.at_ms]
    troubles = [
        f"{symbol} is stale: its last chain today is {_time(stored.get(symbol))}, that of"
        f" {_time(expected.at_ms)} is expected"
        for symbol in stale
    ]
    fine = f"all {len(watched)} symbols have the chain of {_time(expected.at_ms)} or a newer one"
    return check_of(
        "chains",
        troubles,
        fine if watched else f"no symbol was watched yet at {_time(expected.at_ms)}",
        expected_slot_ms=expected.at_ms,
        stale=stale,
    )


def check_provider(now: datetime) -> Check:
    """Return degraded while the newest request for a chain in today's session failed."""
    slots = todays_slots(now)
    if not slots or not slots[0].at <= now < slots[-1].deadline:
        return Check("provider", Health.OK, "idle: the market is closed")
    attempts = IngestionRun.objects.filter(
        task=RunTask.INGEST_CHAIN, slot__gte=slots[0].at_ms, status__in=(RunStatus.DONE, RunStatus.FAILED)
    ).exclude(error=MISSED)
    newest = attempts.order_by("-finished_at").first()
    if newest is None:
        return Check("provider", Health.OK, "no request was made today")
    troubles = [f"{newest.symbol}: {newest.error}"] if newest.status == RunStatus.FAILED else []
    return check_of("provider", troubles, f"answered for {newest.symbol}", last_attempt_ms=newest.finished_at)


def expected_slot(slots: Sequence[Slot], now: datetime, allowed: timedelta) -> Slot | None:
    """Return the newest slot older than `allowed`, or None before the first one and long after the session."""
    if not slots or now >= slots[-1].at + 2 * allowed:
        return None
    return next((slot for slot in reversed(slots) if slot.at + allowed <= now), None)


def todays_slots(now: datetime) -> list[Slot]:
    """Return the slots of the session on the New York date of `now`, at the configured cadence."""
    cadence = configured()
    today = new_york_date(now)
    return [
        slot
        for hours in market_days.hours(today, today).values()
        for slot in slots_within(*hours, cadence.every_minutes, cadence.window)
    ]


def newest_stored(since_ms: int) -> dict[str, int]:
    """Return the newest stored slot (epoch ms) of each symbol, from `since_ms` on."""
    done = IngestionRun.objects.filter(task=RunTask.INGEST_CHAIN, status=RunStatus.DONE, slot__gte=since_ms)
    return dict(done.values_list("symbol").annotate(Max("slot")))


def _time(slot_ms: int | None) -> str:
    if not slot_ms:
        return "missing"
    return f"{clock.instant(slot_ms).astimezone(NEW_YORK):%H:%M}"
