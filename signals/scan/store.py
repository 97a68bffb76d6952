"""Storing of signals, and reading of stored ones."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from signals.rules.rule import LONG, SHORT
from signals.scan.found import FoundSignal, row_of
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import Disposition, SignalEventKind
from warehouse.models.setups.signals import ENDS

SIDES = {"LONG": LONG, "SHORT": SHORT}


def store(found: Iterable[FoundSignal]) -> int:
    """Insert the signals that are not stored and return their number. Call it in a transaction."""
    rows = [Signal(**row_of(one)) for one in found]
    if not rows:
        return 0
    same_bars = Signal.objects.filter(bar_end__in={row.bar_end for row in rows})
    before = same_bars.count()
    Signal.objects.bulk_create(rows, ignore_conflicts=True)
    return same_bars.count() - before


def living(since_ms: int) -> QuerySet[Signal]:
    """Return the ACTIVE signals of 15-minute bars that ended after an instant (epoch ms) and have no end yet."""
    ended = SignalEvent.objects.filter(signal=OuterRef("pk"), kind__in=ENDS)
    return Signal.objects.filter(
        ~Exists(ended), disposition=Disposition.ACTIVE, timeframe="15m", bar_end__gt=since_ms
    )


def waiting_for_volatility(symbols: Iterable[str], since_ms: int) -> QuerySet[Signal]:
    """Return the signals of bars after an instant (epoch ms) that predict a change of volatility and have no end."""
    ended = SignalEvent.objects.filter(signal=OuterRef("pk"), kind__in=ENDS)
    found = Signal.objects.filter(~Exists(ended), symbol__in=list(symbols), bar_end__gt=since_ms)
    return found.filter(outcome_kind="iv_change").order_by("bar_end", "id")


def of_session(symbols: Iterable[str], open_ms: int, close_ms: int) -> list[Signal]:
    """Return the stored signals of the 15-minute bars of a session, oldest first."""
    found = Signal.objects.filter(symbol__in=list(symbols), bar_end__gt=open_ms, bar_end__lte=close_ms)
    return list(found.filter(timeframe="15m").order_by("bar_end", "id"))


def dismissals(
    symbols: Iterable[str], open_ms: int, close_ms: int
) -> dict[str, dict[tuple[str, int, int], int]]:
    """Return when signals of a session were dismissed, by symbol and (detector, side, end of the bar); epoch ms."""
    events = SignalEvent.objects.filter(
        symbol__in=list(symbols),
        kind=SignalEventKind.DISMISSED,
        timestamp__gt=open_ms,
        timestamp__lte=close_ms,
    ).select_related("signal")
    found: dict[str, dict[tuple[str, int, int], int]] = {}
    for event in events:
        signal = event.signal
        key = (str(signal.detector), SIDES[signal.direction], int(signal.bar_end))
        found.setdefault(str(event.symbol), {})[key] = int(event.timestamp)
    return found


def daily_since(symbols: Iterable[str], since_ms: int) -> list[Signal]:
    """Return the stored signals of daily bars that ended after an instant, oldest first."""
    found = Signal.objects.filter(symbol__in=list(symbols), timeframe="1d", bar_end__gt=since_ms)
    return list(found.order_by("bar_end", "id"))


def known_steps(signals: Iterable[Signal]) -> dict[int, set[str]]:
    """Return the kinds of the stored steps of signals, by the id of the signal."""
    known: dict[int, set[str]] = {}
    events = SignalEvent.objects.filter(signal__in=list(signals))
    for signal_id, kind in events.values_list("signal_id", "kind"):
        known.setdefault(signal_id, set()).add(kind)
    return known
