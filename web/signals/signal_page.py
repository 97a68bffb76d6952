"""The page of one signal: state and prices, chart, score, contexts, evidence, and the steps of its life."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from quant.sessions import new_york_date
from signals.detectors.registry import BY_NAME
from signals.scan.configured import weights_by_id
from warehouse import clock
from warehouse.models import Signal, WatchlistEntry
from warehouse.models.enums import UnderlyingKind
from web import formats
from web.charts.figures import chart_context
from web.signals.access import DISMISS, for_viewers
from web.signals.breakdown import breakdown_of, conditions_of
from web.signals.context_rows import context_rows
from web.signals.lifecycle import life_of
from web.signals.naming import detector_title
from web.signals.past_results import past_result
from web.signals.prices import Price, newest_prices
from web.signals.rows import side_word
from web.signals.session_hours import hours_ms
from web.signals.states import SignalState, in_risks, state_of


class Value(NamedTuple):
    """A value of the strip above the chart: its name, the value, a detail below it and the class of its sign."""

    name: str
    value: str
    detail: str
    tone: str = ""


@for_viewers
def show_signal(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/signals/<pk>/`."""
    signal = get_object_or_404(Signal, pk=pk)
    events = list(signal.events.all())
    now_ms = clock.now_ms()
    state = state_of(signal, events, now_ms)
    day = new_york_date(clock.instant(int(signal.bar_end)))
    closes_ms = hours_ms(int(signal.bar_end))[1]
    prices = newest_prices([str(signal.symbol)], now_ms) if state.is_live else {}
    detector = BY_NAME.get(str(signal.detector))
    title = f"{signal.symbol} {detector_title(str(signal.detector))}"
    document = reverse("signal-chart", args=[pk]).removesuffix(".json")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": title,
        "signal": signal,
        "side": side_word(signal),
        "state": state,
        "day": day,
        "strip": _strip(signal, state, prices.get(str(signal.symbol)), closes_ms, now_ms),
        "chart": chart_context("signal", document),
        "breakdown": breakdown_of(signal, weights_by_id(signal.config_id)),
        "conditions": conditions_of(signal),
        "contexts": context_rows(signal),
        "evidence": detector.rule.evidence if detector else "",
        "past": past_result(str(signal.detector), str(signal.timeframe)),
        "life": life_of(signal, events, state, closes_ms),
        "may_dismiss": state.is_live and request.user.has_perm(DISMISS),
        "row": reverse("admin:warehouse_signal_change", args=[pk]),
    }
    return render(request, "web/signals/signal.html", context)


def _strip(
    signal: Signal, state: SignalState, price: Price | None, closes_ms: int, now_ms: int
) -> list[Value]:
    """Return state, present price, entry, stop, targets, score and the time of the end."""
    start = state.entry if state.entry is not None else signal.reference_price
    found = [Value("State", _word(signal, state), _since(signal, state, now_ms)), _now(signal, state, price)]
    if signal.prediction is not None:
        change = f"{formats.number(signal.prediction, 1, sign=True)} pt"
        found.append(Value("Expected", change, "change of volatility until after the event"))
    else:
        found += [_entry(signal, state), _stop(signal, state, start), _targets(signal, state, start)]
    boosts = formats.number(signal.final_score - signal.base_score, 1, sign=True)
    detail = f"base {formats.number(signal.base_score, 1)}, boosts {boosts}"
    found.append(Value("Score, of 100", formats.number(signal.final_score), detail))
    if not state.is_live and state.exit is not None:
        return [*found, Value("Ended at", formats.price(state.exit), state.reason or state.word.lower())]
    if state.has_ended:
        return [*found, _ended(signal, state)]
    if signal.timeframe == "1d":
        return [*found, Value("Ends", "20 sessions", "at the longest")]
    if signal.outcome_kind == "iv_change":
        return [*found, Value("Ends", "after the event", "first slot 24 h later, 30 min after it")]
    name = "Ends" if now_ms < closes_ms else "Ended"
    return [*found, Value(name, formats.time_of_day(closes_ms), "end of the session")]


def _ended(signal: Signal, state: SignalState) -> Value:
    """Return when a signal ended that has no price of its end, and why."""
    ended = formats.time_of_day(state.since_ms)
    if formats.day(state.since_ms) != formats.day(int(signal.bar_end)):
        ended = f"{formats.day(state.since_ms)} {ended}"
    if state.change is not None:
        return Value("Ended", ended, state.reason or "volatility fell")
    return Value("Ended", ended, ": ".join(filter(None, (state.word.lower(), state.reason))))


def _word(signal: Signal, state: SignalState) -> str:
    return "ACTIVE" if state.is_live else state.word


def _since(signal: Signal, state: SignalState, now_ms: int) -> str:
    if state.is_live:
        return f"for {formats.duration(max(0, now_ms - state.since_ms) // 60_000 * 60)}"
    if signal.blocked_by:
        return "; ".join(signal.blocked_by)
    return f"at {formats.time_of_day(state.since_ms)}"


def _now(signal: Signal, state: SignalState, price: Price | None) -> Value:
    if state.change is not None:
        change = f"{formats.number(state.change, 1, sign=True)} pt"
        return Value("Outcome", change, "measured change of volatility", _tone(-state.change))
    if not state.is_live:
        outcome = "no outcome" if state.r is None else f"{formats.number(state.r, 2, sign=True)} R"
        return Value(
            "Outcome", outcome, "after costs" if state.r is not None else "not measured", _tone(state.r)
        )
    if price is None:
        return Value("Now", formats.ABSENT, "no minute bar of the last half hour")
    risks = in_risks(signal, state, price.value)
    detail = f"at {formats.time_of_day(price.at_ms)}"
    if risks is not None:
        detail = f"{'▲' if risks >= 0 else '▼'} {formats.number(risks, 2, sign=True)} R, {detail}"
    return Value("Now", formats.price(price.value), detail, _tone(risks))


def _tone(value: float | None) -> str:
    return "" if not value else "positive" if value > 0 else "negative"


def _entry(signal: Signal, state: SignalState) -> Value:
    if state.entry is None:
        detail = "the entry is stored with the next bar" if state.is_live else "not entered"
        return Value("Close of the bar", formats.price(signal.reference_price), detail)
    return Value(
        f"Entry, {formats.time_of_day(state.entered_ms)}",
        formats.price(state.entry),
        f"close of the bar {formats.price(signal.reference_price)}",
    )


def _stop(signal: Signal, state: SignalState, start: float | None) -> Value:
    """Return the stop with its distance from the entry, and the risk, which is measured from the close of the bar."""
    if signal.stop is None or not start:
        return Value("Stop", formats.ABSENT, "this setup has none")
    risk = abs(float(signal.reference_price) - float(signal.stop))
    distance = formats.percent(signal.stop / start - 1, sign=True)
    unit = "points" if _is_index(str(signal.symbol)) else "a share"
    return Value(
        "Stop",
        formats.price(signal.stop),
        f"{distance} from the {_start(state)}; risk {formats.price(risk)} {unit} from the close",
    )


def _start(state: SignalState) -> str:
    return "close" if state.entry is None else "entry"


def _is_index(symbol: str) -> bool:
    """Return whether the prices of a symbol are points, as those of an index."""
    return WatchlistEntry.objects.filter(symbol=symbol, kind=UnderlyingKind.INDEX).exists()


def _targets(signal: Signal, state: SignalState, start: float | None) -> Value:
    if not signal.targets or not start:
        return Value("Targets", formats.ABSENT, "this setup has none")
    names = " / ".join(str(n) for n in range(1, len(signal.targets) + 1))
    risks = [in_risks(signal, state, price) for price in signal.targets]
    shares = " / ".join(formats.percent(price / start - 1, sign=True) for price in signal.targets)
    ratios = " / ".join(formats.number(one, 1) for one in risks if one is not None)
    distances = f"{shares} from the {_start(state)}"
    detail = f"{distances}; {ratios} R" if ratios else distances
    return Value(f"Target {names}", " / ".join(formats.price(price) for price in signal.targets), detail)
