"""Signals as the list of a session and the dashboard show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import Direction
from web import formats
from web.signals.naming import detector_title
from web.signals.prices import Price
from web.signals.states import SignalState, in_risks, side_of, state_of


@dataclass(frozen=True, slots=True)
class LevelText:
    """A price of a signal: its name, the price, its distance from the entry and the same in multiples of the risk."""

    name: str
    price: str
    distance: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal in a list, with its prices as texts; `levels` are entry, stop, targets and the present price."""

    pk: int
    url: str
    symbol: str
    title: str
    direction: str
    is_long: bool
    timeframe: str
    bar_end: int
    score: float
    confluence: float | None
    style: str
    state: SignalState
    blocked_by: str
    stop: str
    target: str
    levels: tuple[LevelText, ...]
    now_r: float | None


def rows_of(signals: Iterable[Signal], prices: Mapping[str, Price], at_ms: int) -> list[SignalRow]:
    """Return the rows of signals in their order at an instant, epoch ms; `prices` are the present ones by symbol."""
    found = list(signals)
    events: dict[int, list[SignalEvent]] = defaultdict(list)
    for event in SignalEvent.objects.filter(signal__in=[one.pk for one in found]):
        events[int(event.signal_id)].append(event)
    return [_row(signal, events[int(signal.pk)], prices.get(str(signal.symbol)), at_ms) for signal in found]


def _row(signal: Signal, events: list[SignalEvent], price: Price | None, at_ms: int) -> SignalRow:
    state = state_of(signal, events, at_ms)
    now = price.value if price is not None and state.is_live else None
    return SignalRow(
        pk=int(signal.pk),
        url=reverse("signal", args=[signal.pk]),
        symbol=str(signal.symbol),
        title=detector_title(str(signal.detector)),
        direction=str(signal.direction),
        is_long=signal.direction == Direction.LONG,
        timeframe=str(signal.timeframe),
        bar_end=int(signal.bar_end),
        score=float(signal.final_score),
        confluence=signal.confluence,
        style=str(signal.style),
        state=state,
        blocked_by=", ".join(signal.blocked_by),
        stop=formats.price(signal.stop),
        target=formats.price(signal.targets[0]) if signal.targets else formats.ABSENT,
        levels=levels_of(signal, state, now),
        now_r=in_risks(signal, state, now),
    )


def levels_of(signal: Signal, state: SignalState, now: float | None) -> tuple[LevelText, ...]:
    """Return the prices of a signal that exist, each with its distance from the entry."""
    if signal.prediction is not None:
        change = f"{formats.number(signal.prediction, 1, sign=True)} points of volatility"
        return (LevelText("Expected", change, "until after the event"),)
    start = state.entry if state.entry is not None else signal.reference_price
    entry = "Entry" if state.entry is not None else "Close of the bar"
    named = [
        ("Stop", signal.stop),
        *((f"Target {n}", one) for n, one in enumerate(signal.targets, 1)),
        ("Now", now),
    ]
    levels = [LevelText(entry, formats.price(start), "")]
    levels += [
        LevelText(name, formats.price(value), _distance(signal, state, start, value))
        for name, value in named
        if value is not None
    ]
    return tuple(levels)


def _distance(signal: Signal, state: SignalState, start: float | None, value: float) -> str:
    risks = in_risks(signal, state, value)
    share = formats.percent(value / start - 1, sign=True) if start else ""
    return share if risks is None else f"{share}, {formats.number(risks, 2, sign=True)} R"


def side_word(signal: Signal) -> str:
    """Return the direction with its mark: ▲ LONG."""
    return f"{'▲' if side_of(signal) > 0 else '▼'} {signal.direction}"
