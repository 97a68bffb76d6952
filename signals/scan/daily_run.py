"""The scan of the daily bars of all watched symbols after the close.

It also stores the steps of earlier daily signals, and the ends of signals that predicted a fall of volatility.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from quant.sessions import DAY_MS, new_york_date
from signals import market_view
from signals.features.history import DAY_EVALUATED_AFTER_MS
from signals.market_view import MarketView
from signals.scan import store
from signals.scan.configured import scoring_rules
from signals.scan.crush import measure_stored
from signals.scan.due import DueBar
from signals.scan.follow import StoredSignal, crush_step, next_steps
from signals.scan.found import FoundSignal
from signals.scan.paths import daily_path
from signals.scan.run import Scanned
from signals.scan.scan import Earlier, scan_daily
from warehouse import asof, clock, market_days, queries, runs
from warehouse.loading.known_at import store_in_time
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import Disposition, SignalEventKind
from warehouse.runs import Run
from warehouse.task_names import RunTask

REACH_MS = 50 * DAY_MS  # holds 20 bars and the pause after them


def scan_daily_bar(bar: DueBar) -> Scanned:
    """Scan the daily bar of a session as of its evaluation instant; store what is new. It is scanned once."""
    with runs.claim(RunTask.SCAN_DAILY, "", bar.bar_end) as run:
        if not isinstance(run, Run):
            return Scanned(bar.bar_end, refused=str(run))
        return _scan(bar, run)


def _scan(bar: DueBar, run: Run) -> Scanned:
    day = new_york_date(clock.instant(bar.bar_end))
    symbols = [str(entry.symbol) for entry in queries.watchlist_entries()]
    stored = store.daily_since(symbols, bar.bar_end - REACH_MS)
    earlier = _earlier(stored)
    open_ms, _ = market_days.read().hours_ms(day)
    with asof.at(bar.at_ms):
        view = market_view.read(
            symbols, open_ms, bar.at_ms, "1d", bar.at_ms - bar.bar_end - DAY_EVALUATED_AFTER_MS
        )
    scanned, found = 0, list[FoundSignal]()
    for symbol in view.symbols:
        session = scan_daily(
            view,
            symbol,
            day,
            earlier.get(symbol, ()),
            **scoring_rules(),
        )
        scanned += session.features is not None
        found += session.signals
    crushes = _crushes(symbols, bar.at_ms)

    def write() -> Scanned:
        new = store.store(found)
        steps = [*_steps(view, store.daily_since(symbols, bar.bar_end - REACH_MS)), *crushes]
        SignalEvent.objects.bulk_create(steps, ignore_conflicts=True)
        runs.finish(run, rows=new, result={"symbols": scanned, "signals": new, "steps": len(steps)})
        return Scanned(bar.bar_end, scanned, new, len(steps))

    return store_in_time(write)


def _earlier(stored: Sequence[Signal]) -> Mapping[str, list[Earlier]]:
    """Return the stored daily signals that hold a key, by symbol."""
    active = [one for one in stored if one.disposition == Disposition.ACTIVE]
    dismissed = dict(
        SignalEvent.objects.filter(signal__in=active, kind=SignalEventKind.DISMISSED).values_list(
            "signal_id", "timestamp"
        )
    )
    found: dict[str, list[Earlier]] = {}
    for one in active:
        placed = StoredSignal(one)
        found.setdefault(str(one.symbol), []).append(
            Earlier(
                detector=str(one.detector),
                side=placed.side,
                bar_end=placed.bar_end,
                reference=placed.reference,
                stop_price=placed.stop_price,
                target_prices=placed.target_prices,
                dismissed_at=dismissed.get(one.id),
            )
        )
    return found


def _steps(view: MarketView, stored: Sequence[Signal]) -> list[SignalEvent]:
    """Return the steps of daily signals that are not stored, each along the path from its own session."""
    known = store.known_steps(stored)
    steps: list[SignalEvent] = []
    for one in stored:
        began: dt.date = new_york_date(clock.instant(int(one.bar_end)))
        if str(one.symbol) in view.symbols:
            steps += next_steps([one], known, daily_path(view, str(one.symbol), began))
    return steps


def _crushes(symbols: Sequence[str], at_ms: int) -> list[SignalEvent]:
    """Return the ends of the signals that predicted a change of volatility, as known at an instant (epoch ms)."""
    waiting = list(store.waiting_for_volatility(symbols, at_ms - REACH_MS))
    with asof.at(at_ms):
        ends = [
            measure_stored(str(one.symbol), int(one.bar_end), int(one.evaluated_at), at_ms) for one in waiting
        ]
    return [crush_step(one, end) for one, end in zip(waiting, ends, strict=True) if end is not None]
