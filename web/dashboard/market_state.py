"""State of the market and of today's chains, for the header of the dashboard."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from ingestion.chains.cadence import configured
from ingestion.chains.slots import slots_within
from quant import sessions
from quant.sessions import MINUTE_MS
from warehouse import clock, market_days
from warehouse.market_days import Hours
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask
from web import staleness

Word = Literal["OPEN", "EARLY CLOSE", "STALE", "CLOSED"]
SlotWord = Literal["complete", "partial", "missing", "running", "unwatched", "future"]
STARTING_MS = 3 * MINUTE_MS  # a chain is fetched in this time
_LONGEST_PAUSE = dt.timedelta(days=10)  # between two sessions


@dataclass(frozen=True, slots=True)
class SlotState:
    """One slot of the session (epoch ms).

    `missing` are the symbols without its chain once it is due, of those that were watched then. `unwatched`: none was.
    """

    at_ms: int
    word: SlotWord
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MarketState:
    """Times are epoch ms, None where there is none.

    `session` is the session of today, or the last one before; `slots` are its slots. `word` is STALE while the newest
    chain of a watched symbol is older than two cadences. `stale_since_ms` is the slot of that chain.
    """

    word: Word
    is_simulated: bool
    now_ms: int
    session: str
    opens_ms: int
    closes_ms: int
    next_open_ms: int | None
    next_slot_ms: int | None
    cadence_ms: int
    slots: tuple[SlotState, ...]
    due: int
    complete: int
    stale_since_ms: int | None

    @property
    def is_open(self) -> bool:
        """Return whether the session takes place now."""
        return self.opens_ms <= self.now_ms < self.closes_ms

    @property
    def limit_ms(self) -> int:
        """Return the age above which a chain is stale."""
        return staleness.chain_ms(self.cadence_ms // MINUTE_MS)


def read(watched: Mapping[str, int], now_ms: int) -> MarketState:
    """Return the state of the market and of the chains at `now_ms`, epoch ms.

    `watched` is the time (epoch ms) since which each symbol is watched. Raises LookupError where the calendar has no
    session before.
    """
    today = sessions.new_york_date(clock.instant(now_ms))
    days = market_days.hours(today - _LONGEST_PAUSE, today + _LONGEST_PAUSE)
    day = max((one for one, hours in days.items() if clock.epoch_ms(hours.opens) <= now_ms), default=None)
    if day is None:
        raise LookupError(f"the calendar has no session in the {_LONGEST_PAUSE.days} days before {today}")
    hours = days[day]
    cadence = configured()
    slots = [slot.at_ms for slot in slots_within(*hours, cadence.every_minutes, cadence.window)]
    statuses = _statuses(slots)
    states = tuple(_slot(at_ms, watched, statuses.get(at_ms, {}), now_ms) for at_ms in slots)
    opens_ms, closes_ms = (clock.epoch_ms(instant) for instant in hours)
    upcoming = (clock.epoch_ms(one.opens) for one in days.values())
    stale_since = _stale_since(watched, statuses, slots, now_ms, staleness.chain_ms(cadence.every_minutes))
    is_open = opens_ms <= now_ms < closes_ms
    return MarketState(
        word=_word(is_open, stale_since is not None, day, hours),
        is_simulated=settings.SIMULATED,
        now_ms=now_ms,
        session=day.isoformat(),
        opens_ms=opens_ms,
        closes_ms=closes_ms,
        next_open_ms=min((at_ms for at_ms in upcoming if at_ms > now_ms), default=None),
        next_slot_ms=min((at_ms for at_ms in slots if at_ms > now_ms), default=None),
        cadence_ms=cadence.every_minutes * MINUTE_MS,
        slots=states,
        due=sum(state.word not in ("unwatched", "future") for state in states),
        complete=sum(state.word == "complete" for state in states),
        stale_since_ms=stale_since if is_open else None,
    )


def _word(is_open: bool, is_stale: bool, day: dt.date, hours: Hours) -> Word:
    if not is_open:
        return "CLOSED"
    if is_stale:
        return "STALE"
    length = hours.closes - hours.opens
    return "EARLY CLOSE" if length < dt.timedelta(hours=6, minutes=30) else "OPEN"


def _statuses(slots: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the status of the runs of today's chains by slot and symbol."""
    if not slots:
        return {}
    found = IngestionRun.objects.filter(
        task=RunTask.INGEST_CHAIN, slot__gte=slots[0], slot__lte=slots[-1]
    ).values_list("slot", "symbol", "status")
    statuses: dict[int, dict[str, str]] = defaultdict(dict)
    for slot, symbol, status in found:
        statuses[slot][symbol] = status
    return statuses


def _slot(at_ms: int, watched: Mapping[str, int], statuses: Mapping[str, str], now_ms: int) -> SlotState:
    if at_ms > now_ms:
        return SlotState(at_ms, "future")
    # A symbol that was added during the slot has its chain all the same.
    expected = [symbol for symbol, since_ms in watched.items() if since_ms <= at_ms or symbol in statuses]
    missing = tuple(symbol for symbol in expected if statuses.get(symbol) != RunStatus.DONE)
    if not missing:
        return SlotState(at_ms, "complete" if expected else "unwatched")
    if now_ms - at_ms < STARTING_MS or any(statuses.get(symbol) == RunStatus.STARTED for symbol in missing):
        return SlotState(at_ms, "running", missing)
    return SlotState(at_ms, "missing" if len(missing) == len(expected) else "partial", missing)


def _stale_since(
    watched: Mapping[str, int],
    statuses: Mapping[int, Mapping[str, str]],
    slots: Sequence[int],
    now_ms: int,
    limit_ms: int,
) -> int | None:
    """Return the oldest of the symbols' newest slots if it is too old.

    Without a chain of today the open counts, or the time from which the symbol is watched.
    """
    newest = [
        max(
            (at for at, found in statuses.items() if found.get(symbol) == RunStatus.DONE),
            default=max(slots[0], since_ms),
        )
        for symbol, since_ms in watched.items()
        if slots
    ]
    oldest = min(newest, default=now_ms)
    return oldest if now_ms - oldest > limit_ms else None
