"""Contexts of living signals, read again between bars when something significant has changed.

Neither the signal nor its score changes: the new contexts are a step of the signal, with the reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings

from quant import sessions
from quant.sessions import new_york_date
from signals import market_view
from signals.context.contexts import read as read_contexts
from signals.features.build import build
from signals.market_view import MarketView
from signals.scan import store
from signals.scan.found import plain
from warehouse import asof, clock, market_days
from warehouse.asof.sums import intervals
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import SignalEventKind, Timeframe

SPOT_MOVE = 0.5  # average true ranges of the 15-minute bars
MOST_TRADES = 50


@dataclass(frozen=True, slots=True)
class _Last:
    """The last reading of a signal's contexts: its time (epoch ms), and the price and the gamma slot at that time."""

    at_ms: int
    price: float
    slot_ms: float


def refresh(now_ms: int) -> int:
    """Store the contexts of living signals of the session at `now_ms` that have changed; return their number."""
    day = new_york_date(clock.instant(now_ms))
    hours = market_days.hours(day, day).get(day)
    if hours is None or not clock.epoch_ms(hours.opens) <= now_ms < clock.epoch_ms(hours.closes):
        return 0
    opens_ms = clock.epoch_ms(hours.opens)
    living = list(store.living(opens_ms).filter(evaluated_at__lt=now_ms).order_by("id"))
    if not living:
        return 0
    symbols = sorted({str(one.symbol) for one in living})
    with asof.at(now_ms):
        view = market_view.read(
            symbols, clock.epoch_ms(hours.opens), now_ms, delay_ms=settings.SIGNAL_DELAY_MS
        )
        sweeps = {symbol: _newest_sweep(symbol, now_ms - sessions.HOUR_MS, now_ms) for symbol in symbols}
    steps = [
        step
        for symbol in symbols
        for step in _of_symbol(
            view, symbol, day, [one for one in living if one.symbol == symbol], sweeps[symbol], now_ms
        )
    ]
    SignalEvent.objects.bulk_create(steps, ignore_conflicts=True)
    return len(steps)


def _newest_sweep(symbol: str, first_ms: int, last_ms: int) -> int:
    """Return the time of the newest sweep among the largest trades of a range, 0 without one."""
    found = intervals.largest(symbol, first_ms, last_ms, MOST_TRADES)
    times = found.timestamp[found.trade_type == "SWEEP"]
    return int(times.max()) if len(times) else 0


def _of_symbol(
    view: MarketView, symbol: str, day: dt.date, signals: Sequence[Signal], sweep_ms: int, now_ms: int
) -> list[SignalEvent]:
    features = build(view, symbol, day, now_ms=now_ms)
    minutes = view.symbols[symbol].prices.bars[Timeframe.MINUTE] if symbol in view.symbols else None
    if features is None or minutes is None or not len(minutes):
        return []
    row, price = len(features) - 1, float(minutes.close[-1])
    slot_ms, moved = float(features.gamma.slot_ms[row]), SPOT_MOVE * float(features.atr14[row])
    steps = []
    for signal in signals:
        last = _last_read(signal)
        reasons = [
            f"price moved to {price:,.2f}" if abs(price - last.price) >= moved else "",
            "a sweep was traded" if sweep_ms > last.at_ms else "",
            "a new chain was stored" if slot_ms > last.slot_ms else "",
        ]
        reason = "; ".join(text for text in reasons if text)
        if reason:
            details = {
                "contexts": plain(read_contexts(features, row)),
                "price": price,
                "slot_ms": None if np.isnan(slot_ms) else slot_ms,
            }
            steps.append(
                SignalEvent(
                    signal_id=signal.id,
                    symbol=symbol,
                    kind=SignalEventKind.CONTEXT,
                    timestamp=now_ms,
                    price=price,
                    reason=reason,
                    details=details,
                )
            )
    return steps


def _last_read(signal: Signal) -> _Last:
    """Return the last contexts of a signal: those of its newest step, else those of the signal itself."""
    step = (
        SignalEvent.objects.filter(signal=signal, kind=SignalEventKind.CONTEXT).order_by("-timestamp").first()
    )
    if step is not None:
        return _Last(int(step.timestamp), float(step.price), float(step.details["slot_ms"] or -np.inf))
    slot_ms = signal.contexts["gamma"]["as_of_ms"]
    return _Last(int(signal.evaluated_at), float(signal.reference_price), float(slot_ms or -np.inf))
