"""The chart of a signal: the bars of its session with entry, stop, targets and walls, as JSON and CSV."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from quant.sessions import MINUTE_MS
from warehouse import clock
from warehouse.models import Signal
from web import formats
from web.charts.answers import answer_with, refuse
from web.charts.documents.document import ChartDocument, Level, UnknownChoice
from web.charts.documents.price import TIMEFRAMES, price_document
from web.signals.access import data_for_viewers
from web.signals.rows import side_word
from web.signals.session_hours import hours_ms
from web.signals.states import SignalState, in_risks, side_of, state_of


def signal_document(signal: Signal, state: SignalState, at_ms: int, timeframe: str = "5m") -> ChartDocument:
    """Return the bars up to the close of the signal's session, or to `at_ms` (epoch ms), with the signal in `parts`.

    `parts["signal"]` has the row of the last bar before the signal, its side, and the row of its end, None while it
    lives. `levels` are the walls as known at the evaluation, entry, stop and targets, in dollars or index points.
    Raises UnknownChoice for an unknown timeframe.
    """
    opens, closes = hours_ms(int(signal.bar_end))
    document = price_document(str(signal.symbol), at_ms, min(closes, at_ms), timeframe)
    minutes = TIMEFRAMES[timeframe][0]
    if document.empty is not None:
        return replace(document, chart="signal")
    first = document.parts["starts"][-1]
    axis = list(document.parts["axis"])
    last = first + (closes - opens) // (minutes * MINUTE_MS)
    axis += [
        formats.time_of_day(opens + number * minutes * MINUTE_MS)
        for number in range(len(axis) - first, last - first)
    ]

    def row_at(instant_ms: int) -> int:
        return int(first + max(0, instant_ms - 1 - opens) // (minutes * MINUTE_MS))

    over = None if state.is_live else row_at(state.since_ms)
    return replace(
        document,
        chart="signal",
        title="Signal in its session",
        sentence=_sentence(signal, state, document),
        levels=_levels(signal, state),
        parts={
            **document.parts,
            "axis": axis,
            "signal": {"row": row_at(int(signal.bar_end)), "side": side_of(signal), "end": over},
        },
    )


def _levels(signal: Signal, state: SignalState) -> list[Level]:
    gamma = signal.contexts.get("gamma", {})
    entry = state.entry if state.entry is not None else signal.reference_price
    named = [
        ("wall", "Wall above", gamma.get("resistance")),
        ("wall", "Wall below", gamma.get("support")),
        ("entry", "Entry" if state.entry is not None else "Close", entry),
        ("stop", "Stop", signal.stop),
        *(("target", f"Target {n}", price) for n, price in enumerate(signal.targets, 1)),
    ]
    return [
        Level(kind, name, value, formats.strike(value) if kind == "wall" else formats.price(value))
        for kind, name, value in named
        if value is not None
    ]


def _sentence(signal: Signal, state: SignalState, document: ChartDocument) -> str:
    entry = (
        f"entered at {formats.price(state.entry)}"
        if state.entry is not None
        else f"close {formats.price(signal.reference_price)}"
    )
    closes = [float(row[4]) for row in document.rows if row[4] is not None]
    text = f"{side_word(signal)} from {formats.time_of_day(float(signal.bar_end))}, {entry}"
    if state.is_live and closes:
        risks = in_risks(signal, state, closes[-1])
        away = "" if risks is None else f", {formats.number(risks, 2, sign=True)} R"
        return f"{text}; last close {formats.price(closes[-1])}{away}."
    ended = "" if state.is_live else f"; {state.word.lower()} at {formats.time_of_day(state.since_ms)}"
    return f"{text}{ended}."


@data_for_viewers
def show_chart(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/signals/<pk>/chart.json`; the query has `timeframe`."""
    return _answer(request, pk, as_csv=False)


@data_for_viewers
def show_chart_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/signals/<pk>/chart.csv`: the bars of the same document."""
    return _answer(request, pk, as_csv=True)


def _answer(request: HttpRequest, pk: int, *, as_csv: bool) -> HttpResponse:
    signal = get_object_or_404(Signal, pk=pk)
    now_ms = clock.now_ms()
    state = state_of(signal, list(signal.events.all()), now_ms)
    try:
        document = signal_document(signal, state, now_ms, request.GET.get("timeframe", "5m"))
    except UnknownChoice:
        return refuse("A value of the query is not valid.", 400)
    return answer_with(request, document, f"{signal.symbol}-signal", as_csv=as_csv)
