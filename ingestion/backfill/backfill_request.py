"""The arguments of a backfill, validated before any request is sent to the provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import get_args

from ingestion.backfill.rebuild.sessions import SnapshotFrequency, slots_to_rebuild
from ingestion.backfill.selection import Depth
from ingestion.chains.slots import Slot
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock, queries
from warehouse.models import WatchlistEntry
from warehouse.watchlist import spelled

# A delayed plan has the end of a session 15 minutes late. A session that closed more recently than this is left out.
COMPLETE_AFTER = timedelta(minutes=20)
MAX_DAYS = 365  # greeks are kept for a year


class Table(StrEnum):
    """The values of the option --tables."""

    BARS = "bars"
    GREEKS = "greeks"
    GAMMA = "gamma"
    IV = "iv"
    REGIME = "regime"
    FLOW = "flow"


SNAPSHOT_FREQUENCIES: tuple[SnapshotFrequency, ...] = get_args(SnapshotFrequency)
# Trades need two requests per contract and session, about a hundred times as many as everything else: only on request.
DEFAULT_TABLES = tuple(table for table in Table if table is not Table.FLOW)


class InvalidRequest(ValueError):
    """An argument is invalid; the message is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """The validated arguments of a backfill.

    `entries` are watched symbols, `sessions` closed sessions, oldest first. `tables` are the tables to fill, `depth`
    selects the contracts, `every` the slots of a session.
    """

    entries: tuple[WatchlistEntry, ...]
    sessions: tuple[date, ...]
    tables: frozenset[Table]
    depth: Depth
    every: SnapshotFrequency

    @property
    def rebuilds_chains(self) -> bool:
        """Return whether chains are rebuilt: for greeks, for gamma or for both, which are stored together."""
        return bool(self.tables & {Table.GREEKS, Table.GAMMA})

    def slots(self, session: date) -> list[Slot]:
        """Return the slots of a session to rebuild: the close, or every slot after the open."""
        return slots_to_rebuild(session, self.every)


def checked_request(
    symbols: Sequence[str],
    days: int,
    until: date | None,
    tables: Sequence[str],
    depth: Depth,
    every: str,
    now_ms: int,
) -> BackfillRequest:
    """Validate the arguments of a backfill. Raises InvalidRequest.

    `symbols` are watched symbols, all watched chains if empty. The sessions are those of the `days` calendar days that
    end with `until`, or with the last session whose data every plan has by now.
    """
    unknown = sorted(set(tables) - {str(table) for table in Table})
    if unknown or not tables:
        raise InvalidRequest(
            f"--tables must name some of {', '.join(Table)}; not {', '.join(unknown) or 'nothing'}."
        )
    frequency = next((known for known in SNAPSHOT_FREQUENCIES if known == every), None)
    if frequency is None:
        raise InvalidRequest(f"--every must be {' or '.join(SNAPSHOT_FREQUENCIES)}, not {every}.")
    if not 1 <= days <= MAX_DAYS:
        raise InvalidRequest(
            f"--days must be 1 to {MAX_DAYS}, because greeks are kept for a year; it is {days}."
        )
    return BackfillRequest(
        _entries(symbols),
        _sessions(days, until, clock.instant(now_ms)),
        frozenset(Table(table) for table in tables),
        depth,
        frequency,
    )


def _entries(symbols: Sequence[str]) -> tuple[WatchlistEntry, ...]:
    if not symbols:
        entries = tuple(queries.watched_chains())
        if not entries:
            raise InvalidRequest("The watchlist is empty: run `manage.py seed`, or add symbols in the admin.")
        return entries
    requested = list(dict.fromkeys(spelled(symbol) for symbol in symbols))
    entries_by_symbol = WatchlistEntry.objects.in_bulk(requested)
    missing = [symbol for symbol in requested if symbol not in entries_by_symbol]
    if missing:
        names = ",".join(missing)
        raise InvalidRequest(
            f"Not on the watchlist: {names}; add it with `manage.py seed --symbols {names}`."
        )
    return tuple(entries_by_symbol[symbol] for symbol in requested)


def _sessions(days: int, until: date | None, now: datetime) -> tuple[date, ...]:
    latest_close = now - COMPLETE_AFTER
    last = new_york_date(latest_close) if until is None else until
    oldest = new_york_date(now) - timedelta(days=MAX_DAYS - 1)
    if last > new_york_date(now):
        raise InvalidRequest(f"--until {last} is in the future.")
    first = max(last - timedelta(days=days - 1), oldest)
    closed = tuple(day for day in sessions.sessions(first, last) if sessions.close_of(day) <= latest_close)
    if not closed:
        raise InvalidRequest(
            f"The {days} days up to {last} contain no session that has closed and is still kept."
        )
    return closed
