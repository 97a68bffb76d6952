"""What an operator asks a backfill for, checked before anything is asked of the provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import get_args

from ingestion.backfill.rebuild.sessions import Every
from ingestion.backfill.selection import Depth
from ingestion.chains.slots import Slot, slots_of
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock, queries
from warehouse.models import WatchlistEntry

# A delayed plan sees a session's end a quarter of an hour late; a session younger than that is tomorrow's work.
SETTLED_AFTER = timedelta(minutes=20)
MOST_DAYS = 365  # greeks are kept a year


class Table(StrEnum):
    """What is filled, as the command names it."""

    BARS = "bars"
    GREEKS = "greeks"
    GAMMA = "gamma"
    IV = "iv"
    REGIME = "regime"
    FLOW = "flow"


EVERY: tuple[Every, ...] = get_args(Every)
# Trades take a request per contract and session, a hundred times what the rest takes: by name only.
DEFAULT_TABLES = tuple(table for table in Table if table is not Table.FLOW)


class BadWish(ValueError):
    """One sentence for the operator: what was asked for and cannot be."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Watched `entries` and closed `sessions` (oldest first), which `tables` of them, how deep and how often."""

    entries: tuple[WatchlistEntry, ...]
    sessions: tuple[date, ...]
    tables: frozenset[Table]
    depth: Depth
    every: Every

    @property
    def rebuilds(self) -> bool:
        """Whether chains are rebuilt: greeks and gamma of a session are computed and stored together."""
        return bool(self.tables & {Table.GREEKS, Table.GAMMA})

    def slots(self, session: date) -> list[Slot]:
        """The slots of a session to rebuild: its close, or every quarter hour that has one behind it."""
        return slots_of(session)[-1:] if self.every == "close" else slots_of(session)[1:]


def wish(
    symbols: Sequence[str],
    days: int,
    until: date | None,
    tables: Sequence[str],
    depth: Depth,
    every: str,
    now_ms: int,
) -> Wish:
    """A checked wish: `symbols` (all watched chains where empty) over the `days` calendar days that end with `until`,
    or with the last session that is over for every plan. Raises BadWish."""
    unknown = sorted(set(tables) - {str(table) for table in Table})
    if unknown or not tables:
        raise BadWish(f"--tables knows {', '.join(Table)}; not {', '.join(unknown) or 'nothing'}.")
    snapshots = next((known for known in EVERY if known == every), None)
    if snapshots is None:
        raise BadWish(f"--every is {' or '.join(EVERY)}, not {every}.")
    if not 1 <= days <= MOST_DAYS:
        raise BadWish(f"--days is 1 to {MOST_DAYS}, because greeks are kept a year; not {days}.")
    return Wish(
        _entries(symbols),
        _sessions(days, until, clock.instant(now_ms)),
        frozenset(Table(table) for table in tables),
        depth,
        snapshots,
    )


def _entries(symbols: Sequence[str]) -> tuple[WatchlistEntry, ...]:
    if not symbols:
        entries = tuple(queries.watched_chains())
        if not entries:
            raise BadWish("The watchlist is empty: run `manage.py seed`, or add symbols in the admin.")
        return entries
    wanted = list(dict.fromkeys(symbol.upper() for symbol in symbols))
    known = WatchlistEntry.objects.in_bulk(wanted)
    missing = [symbol for symbol in wanted if symbol not in known]
    if missing:
        named = ",".join(missing)
        raise BadWish(f"Not on the watchlist: {named}; add it with `manage.py seed --symbols {named}`.")
    return tuple(known[symbol] for symbol in wanted)


def _sessions(days: int, until: date | None, now: datetime) -> tuple[date, ...]:
    over = now - SETTLED_AFTER
    last = new_york_date(over) if until is None else until
    oldest = new_york_date(now) - timedelta(days=MOST_DAYS - 1)
    if last > new_york_date(now):
        raise BadWish(f"--until {last} lies in the future.")
    first = max(last - timedelta(days=days - 1), oldest)
    found = tuple(day for day in sessions.sessions(first, last) if sessions.close_of(day) <= over)
    if not found:
        raise BadWish(f"No session that is over and still kept lies in the {days} days up to {last}.")
    return found
