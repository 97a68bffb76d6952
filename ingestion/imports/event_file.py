"""Import of market events from a CSV file: all rows, or none with the first errors."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ingestion.imports.cells import shown
from quant import sessions
from quant.sessions import NEW_YORK
from warehouse import clock
from warehouse.loading.known_at import store_in_time
from warehouse.models import MarketEvent
from warehouse.models.dates import ALL_SYMBOLS
from warehouse.models.enums import EventCertainty, EventKind, EventTiming, Source
from warehouse.watchlist import LONGEST_SYMBOL, is_symbol, spelled

REQUIRED = ("symbol", "kind", "date")
OPTIONAL = ("timing", "certainty", "note", "known_on")
MOST_NAMED = 5


class WrongEventFile(Exception):
    """The file cannot be imported. The message names the lines and what to do."""


class Imported(NamedTuple):
    """Numbers of events that were stored, changed and left as they were."""

    new: int
    changed: int
    unchanged: int


def import_events(path: Path, now_ms: int) -> Imported:
    """Store the events of a CSV file with the columns symbol, kind and date, and optionally timing, certainty, note.

    `known_on` is the date on which an event became known, for files of past events; without it an event is known from
    now on. An event that is stored with other values is changed, its earlier version is kept. Raises WrongEventFile,
    and stores nothing, when a row is wrong.
    """
    events = list(_events(path, now_ms))
    return store_in_time(lambda: _store(events))


def _store(events: list[MarketEvent]) -> Imported:
    new = changed = 0
    for event in events:
        key = {"symbol": event.symbol, "kind": event.kind, "date": event.date}
        values = {name: getattr(event, name) for name in ("timing", "certainty", "note")}
        stored = MarketEvent.objects.filter(**key).first()
        if stored is None:
            event.save(force_insert=True)
            new += 1
        elif any(getattr(stored, name) != value for name, value in values.items()) or stored.withdrawn_at:
            MarketEvent.objects.filter(pk=stored.pk).update(**values, withdrawn_at=None)
            changed += 1
    return Imported(new, changed, len(events) - new - changed)


def _events(path: Path, now_ms: int) -> Iterator[MarketEvent]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
            if missing:
                raise WrongEventFile(
                    f"{path.name} has no column {', '.join(missing)}: the first line must name the columns"
                    f" {', '.join(REQUIRED)}, and may name {', '.join(OPTIONAL)}."
                )
            found: dict[tuple[str, str, dt.date], MarketEvent] = {}
            wrong: list[str] = []
            for row in reader:
                try:
                    event = _event(row, now_ms)
                    if (event.symbol, event.kind, event.date) in found:
                        raise ValueError("is a second row of this symbol, kind and date")
                    found[(event.symbol, event.kind, event.date)] = event
                except ValueError as error:
                    wrong.append(f"line {reader.line_num} {error}")
    except OSError as error:
        raise WrongEventFile(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise WrongEventFile(f"{path.name} is not a text file of comma-separated values.") from None
    if wrong:
        more = f"; and {len(wrong) - MOST_NAMED} lines more" if len(wrong) > MOST_NAMED else ""
        raise WrongEventFile(f"{path.name}: {'; '.join(wrong[:MOST_NAMED])}{more}. Nothing was stored.")
    yield from found.values()


def _event(row: Mapping[str, str | None], now_ms: int) -> MarketEvent:
    """Return the event of a row. Raises ValueError, whose text follows the number of the line."""
    cells = {name: (row.get(name) or "").strip() for name in (*REQUIRED, *OPTIONAL)}
    symbol = spelled(cells["symbol"])
    kind = _one_of(EventKind, cells["kind"], "kind")
    if symbol != ALL_SYMBOLS and not is_symbol(symbol):
        raise ValueError(
            f"has the symbol {shown(cells['symbol'])}: write a bare one, such as AAPL, of at most {LONGEST_SYMBOL}"
            f" characters, or {ALL_SYMBOLS}"
        )
    if kind == EventKind.EARNINGS and symbol == ALL_SYMBOLS:
        raise ValueError("has earnings of all symbols: name one symbol")
    date = _date(cells["date"], "date")
    if not sessions.sessions(date, date):
        raise ValueError(
            f"has the date {date}, on which there is no session: write the first session after it"
        )
    if "\0" in cells["note"]:
        raise ValueError("has a null character in its note")
    event = MarketEvent(
        symbol=symbol,
        kind=kind,
        date=date,
        timing=_one_of(EventTiming, cells["timing"] or EventTiming.UNKNOWN.value, "timing"),
        certainty=_one_of(EventCertainty, cells["certainty"] or EventCertainty.ESTIMATED.value, "certainty"),
        note=cells["note"] or None,
        source=Source.IMPORT,
    )
    if cells["known_on"]:
        known = dt.datetime.combine(_date(cells["known_on"], "known_on"), dt.time(tzinfo=NEW_YORK))
        event.known_at = clock.epoch_ms(known)
        if event.known_at > now_ms:
            raise ValueError(f"has the time known_on {cells['known_on']}, which is in the future")
    return event


def _one_of(kinds: type[EventKind] | type[EventTiming] | type[EventCertainty], text: str, name: str) -> str:
    value = text.upper().replace(" ", "_")
    if value not in kinds.values:
        raise ValueError(f"has the {name} {shown(text)}: write one of {', '.join(kinds.values)}")
    return value


def _date(text: str, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"has the {name} {shown(text)}: write it as 2026-01-29") from None
