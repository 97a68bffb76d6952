"""Scan a past session again from its stored rows, and compare with the signals that were stored live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from quant import sessions
from signals import market_view
from signals.features.history import EVALUATED_AFTER_MS
from signals.scan import due, store
from signals.scan.configured import scoring_rules
from signals.scan.found import row_of
from signals.scan.scan import scan_session
from warehouse import alerts, clock, market_days, queries, runs
from warehouse.alerts import Kind
from warehouse.models import Signal
from warehouse.runs import Run
from warehouse.superseded import changed_since
from warehouse.task_names import RunTask

MOST_LISTED = 20
Key = tuple[str, str, str, int]
# Tables that a view reads and whose rows may be computed again; of sums of trades it reads every version.
_READ = (
    "historical_bars",
    "gamma_slots",
    "iv_percentile_cache",
    "market_regime_history",
    "corporate_actions",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A signal that differs from its replay: "missing" is not stored, "extra" is not found again, else the columns."""

    symbol: str
    detector: str
    bar_end: int
    what: str
    changed_rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        because = f"; computed again since: {', '.join(self.changed_rows)}" if self.changed_rows else ""
        return (
            f"{self.symbol} {self.detector}, bar of {clock.new_york_text(self.bar_end)}: {self.what}{because}"
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """Result of a replay, kept in the ledger; `refused` says why there is none."""

    session: dt.date
    differences: tuple[Difference, ...] = ()
    refused: str = ""

    def __str__(self) -> str:
        if self.refused:
            return f"session of {self.session}: {self.refused}"
        listed = "; ".join(str(each) for each in self.differences[:MOST_LISTED])
        return (
            f"session of {self.session}: {len(self.differences)} differences{': ' if listed else ''}{listed}"
        )


def replay_session(day: dt.date) -> Replayed:
    """Replay a session once, note the result in the ledger, and send an alert about differences."""
    open_ms, _ = market_days.read().hours_ms(day)
    with runs.claim(RunTask.REPLAY_SIGNALS, "", open_ms) as run:
        if not isinstance(run, Run):
            return Replayed(day, refused=str(run))
        found = Replayed(day, tuple(replay(day)))
        with transaction.atomic():
            runs.finish(run, result={"differences": [str(each) for each in found.differences[:MOST_LISTED]]})
    if found.differences:
        alerts.send(Kind.REPLAY, f"signals differ from their replay, {found}", day.isoformat())
    return found


def replay(day: dt.date) -> list[Difference]:
    """Return every difference between the signals of a session that were stored live and those of a replay.

    Each bar that was scanned is evaluated at its instant, with the present rows. Rows that were computed again since
    the session opened are named, because they can be the reason. Raises ValueError for a date without a session.
    """
    hours = market_days.hours(day, day).get(day)
    if hours is None:
        raise ValueError(f"{day} is no session: name one, such as {sessions.previous_session(day)}.")
    open_ms, close_ms = clock.epoch_ms(hours.opens), clock.epoch_ms(hours.closes)
    watched = queries.watchlist_entries()
    entries = {str(one.symbol): int(one.active_since_ms) for one in watched}
    sources = {str(one.symbol): [str(one.symbol), str(one.reference_symbol or "")] for one in watched}
    stored = _stored(open_ms, close_ms)
    dismissed = store.dismissals(entries, open_ms, close_ms + sessions.HOUR_MS)
    last_ms = close_ms + EVALUATED_AFTER_MS + settings.SIGNAL_DELAY_MS
    view = market_view.read(list(entries), open_ms, last_ms, delay_ms=settings.SIGNAL_DELAY_MS)
    scanned = due.scanned_bars(open_ms, close_ms)
    found: dict[Key, dict[str, Any]] = {}
    for symbol, since_ms in entries.items():
        session = scan_session(
            view,
            symbol,
            day,
            **scoring_rules(),
            dismissed=dismissed.get(symbol),
        )
        rows = [row_of(one) for one in session.signals if one.evaluated_at >= since_ms]
        found |= {_key(row): row for row in rows if row["bar_end"] in scanned}
    changed = {symbol: changed_since(sources[symbol], _READ, open_ms) for symbol in entries}
    return list(_differences(stored, found, changed))


def _differences(
    stored: dict[Key, dict[str, Any]],
    found: dict[Key, dict[str, Any]],
    changed: dict[str, tuple[str, ...]],
) -> Iterator[Difference]:
    for key in sorted({*stored, *found}):
        symbol, detector, _, bar_end = key
        live, again = stored.get(key), found.get(key)
        if live is None:
            what = "found by the replay, and not stored"
        elif again is None:
            what = "stored, and not found by the replay"
        else:
            names = [name for name in again if again[name] != live[name]]
            if not names:
                continue
            what = f"differs in {', '.join(names)}"
        yield Difference(symbol, detector, bar_end, what, changed.get(symbol, ()))


def _stored(open_ms: int, close_ms: int) -> dict[Key, dict[str, Any]]:
    rows = Signal.objects.filter(timeframe="15m", bar_end__gt=open_ms, bar_end__lte=close_ms).values()
    return {_key(row): dict(row) for row in rows}


def _key(row: Mapping[str, Any]) -> Key:
    return row["symbol"], row["detector"], row["direction"], row["bar_end"]
