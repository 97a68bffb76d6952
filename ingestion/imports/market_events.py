"""Import of market events from CSV: symbol, kind, date, timing, confirmed."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from warehouse.models import MarketEvent
from warehouse.models.enums import EventKind, EventTiming

COLUMNS = ("symbol", "kind", "date", "timing", "confirmed")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0", "")


@dataclass(frozen=True, slots=True)
class ImportedEvents:
    """Number of events stored, and one sentence per row that was refused."""

    stored: int
    refused: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*self.refused, f"{self.stored} events stored, {len(self.refused)} rows refused"])


def import_events(lines: Iterable[str]) -> ImportedEvents:
    """Store the events of CSV text with a header; an event that exists gets the timing and `confirmed` of the file.

    An empty symbol is an event of the whole market, an empty timing is UNKNOWN, an empty `confirmed` is no. They are
    known from now on, whatever their date. Raises ValueError for a file without the columns of `COLUMNS`.
    """
    rows = csv.DictReader(lines)
    if missing := set(COLUMNS) - set(rows.fieldnames or ()):
        raise ValueError(f"The file has no column {', '.join(sorted(missing))}.")
    events: dict[tuple[str, str, date], MarketEvent] = {}
    refused = []
    for row in rows:
        try:
            event = _event(row)
        except ValueError as error:
            refused.append(f"line {rows.line_num}: {error}")
        else:
            events[event.symbol, event.kind, event.date] = event
    MarketEvent.objects.bulk_create(
        events.values(),
        update_conflicts=True,
        unique_fields=["symbol", "kind", "date"],
        update_fields=["timing", "is_confirmed"],
    )
    return ImportedEvents(len(events), tuple(refused))


def _event(row: dict[str, str | None]) -> MarketEvent:
    symbol, kind, day, timing, confirmed = ((row[name] or "").strip() for name in COLUMNS)
    if confirmed.lower() not in (*_YES, *_NO):
        raise ValueError(f"confirmed is yes or no, not {confirmed!r}")
    return MarketEvent(
        symbol=symbol.upper(),
        kind=EventKind(kind.upper()),
        date=date.fromisoformat(day),
        timing=EventTiming(timing.upper() or EventTiming.UNKNOWN),
        is_confirmed=confirmed.lower() in _YES,
    )
