"""One pass of the scanner: the signals of all watched symbols on one bar, stored and followed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from quant.sessions import new_york_date
from signals import market_view
from signals.features.history import EVALUATED_AFTER_MS
from signals.features.record import Features
from signals.market_view import MarketView
from signals.scan import store
from signals.scan.bar_rows import store_bar_rows
from signals.scan.configured import scoring_rules
from signals.scan.due import DueBar
from signals.scan.follow import next_steps
from signals.scan.found import FoundSignal
from signals.scan.paths import session_path
from signals.scan.scan import scan_session
from warehouse import asof, clock, market_days, queries, runs
from warehouse.loading.known_at import store_in_time
from warehouse.models import SignalEvent
from warehouse.runs import Run
from warehouse.task_names import RunTask


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one pass did: symbols that had the bar, and what is new: signals, steps of signals, matches of patterns."""

    bar_end: int
    symbols: int = 0
    signals: int = 0
    steps: int = 0
    matches: int = 0
    refused: str = ""

    def __str__(self) -> str:
        at = clock.new_york_text(self.bar_end)
        if self.refused:
            return f"bar of {at}: {self.refused}"
        stored = f"{self.signals} signals, {self.steps} steps and {self.matches} matches of patterns stored"
        return f"bar of {at}: {self.symbols} symbols scanned, {stored}"


def scan_bar(bar: DueBar) -> Scanned:
    """Scan the bar of all watched symbols as of its evaluation instant, and store what is new.

    A bar is scanned once: the run is in the ledger. Must not be called inside a transaction.
    """
    with runs.claim(RunTask.SCAN_SIGNALS, "", bar.bar_end) as run:
        if not isinstance(run, Run):
            return Scanned(bar.bar_end, refused=str(run))
        return _scan(bar, run)


def _scan(bar: DueBar, run: Run) -> Scanned:
    day = new_york_date(clock.instant(bar.bar_end))
    open_ms, close_ms = market_days.read().hours_ms(day)
    delay_ms = bar.at_ms - bar.bar_end - EVALUATED_AFTER_MS
    symbols = [str(entry.symbol) for entry in queries.watchlist_entries()]
    dismissed = store.dismissals(symbols, open_ms, bar.at_ms)
    with asof.at(bar.at_ms):
        view = market_view.read(symbols, open_ms, bar.at_ms, delay_ms=delay_ms)
    scanned: list[Features] = []
    found: list[FoundSignal] = []
    for symbol in view.symbols:
        session = scan_session(
            view,
            symbol,
            day,
            **scoring_rules(),
            dismissed=dismissed.get(symbol),
        )
        if session.features is not None and int(session.features.end_ms[-1]) == bar.bar_end:
            scanned.append(session.features)
        found += [one for one in session.signals if one.bar_end == bar.bar_end]

    def write() -> Scanned:
        new = store.store(found)
        steps = _follow(view, day, open_ms, close_ms)
        matched = store_bar_rows(scanned, day)
        counts = {"symbols": len(scanned), "signals": new, "steps": steps, "matches": matched}
        runs.finish(run, rows=new, result=counts)
        return Scanned(bar.bar_end, len(scanned), new, steps, matched)

    return store_in_time(write)


def _follow(view: MarketView, day: dt.date, open_ms: int, close_ms: int) -> int:
    """Store the steps of the session's signals as far as the view reaches; return their number."""
    stored = store.of_session(view.symbols, open_ms, close_ms)
    known = store.known_steps(stored)
    steps: list[SignalEvent] = []
    for symbol in sorted({str(signal.symbol) for signal in stored}):
        path = session_path(view, symbol, day)
        steps += next_steps([one for one in stored if one.symbol == symbol], known, path)
    SignalEvent.objects.bulk_create(steps, ignore_conflicts=True)
    return len(steps)
