"""Alerts about signals: new ones with a high score, and large sweeps that confirm one.

What is alerted is stored as a step of the signal before it is posted, so that no restart posts it twice; if the webhook
refuses it, the step is removed and the alert is tried again each minute. After five minutes it is stored as late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db.models import Exists, OuterRef

from quant.sessions import HOUR_MS, MINUTE_MS, NEW_YORK
from signals.rules.rule import LONG, SHORT
from signals.scan import store
from warehouse import alerts, clock
from warehouse.alerts import UNUSUAL_PREMIUM, Kind
from warehouse.asof.sums import sweeps
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import Disposition, SignalEventKind

LATE_AFTER_MS = 5 * MINUTE_MS
SWEEP_REACH_MS = 5 * MINUTE_MS
WORDS = {LONG: "bullish", SHORT: "bearish"}


@dataclass(frozen=True, slots=True)
class Announced:
    """Signals and sweeps by what became of their alerts."""

    sent: int = 0
    late: int = 0
    quiet: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return (
            f"{self.sent} alerts sent, {self.late} late, {self.quiet} in quiet hours, {self.refused} refused"
        )


def announce(now_ms: int) -> Announced:
    """Post the alerts that are due at `now_ms` as one message, and store what became of each.

    Nothing is done without a webhook.
    """
    if not settings.ALERT_WEBHOOK_URL:
        return Announced()
    steps = [*_new_signals(now_ms), *_sweeps(now_ms)]
    if not steps:
        return Announced()
    status = "quiet" if _is_quiet(now_ms) else "sent"
    late = [step for step in steps if now_ms - step.details["since_ms"] > LATE_AFTER_MS]
    now = [step for step in steps if step not in late]
    for step in late:
        step.details["status"] = "late"
    for step in now:
        step.details["status"] = status
    SignalEvent.objects.bulk_create(steps, ignore_conflicts=True)
    if status == "quiet" or not now:
        return Announced(late=len(late), quiet=len(now))
    text = "\n".join(step.reason or "" for step in now)
    subject = f"{max(step.timestamp for step in now)}:{'-'.join(str(step.signal_id) for step in now)}"
    if alerts.send(Kind.SIGNAL, text, subject):
        return Announced(sent=len(now), late=len(late))
    keys = [(step.signal_id, step.timestamp) for step in now]
    for signal_id, timestamp in keys:
        SignalEvent.objects.filter(
            signal_id=signal_id, kind=SignalEventKind.ALERTED, timestamp=timestamp
        ).delete()
    return Announced(late=len(late), refused=len(now))


def sentence(signal: Signal) -> str:
    """Return the alert about a new signal: what is expected, where it is wrong, and what the contexts say."""
    targets = ", ".join(f"{target:,.2f}" for target in signal.targets)
    levels = f"entry about {signal.reference_price:,.2f}"
    if signal.stop is not None:
        levels += f", stop {signal.stop:,.2f}"
    if targets:
        levels += f", targets {targets}"
    reasons = [
        str(term["reason"]) for term in signal.terms.values() if term["delta"] or term["factor"] != 1.0
    ]
    contexts = f"; {'; '.join(reasons)}" if reasons else ""
    return (
        f"{signal.symbol} {signal.direction} {signal.detector.replace('_', ' ')}, score {signal.final_score:.0f}"
        f" ({signal.style}), bar of {clock.new_york_text(signal.bar_end)}: {levels}{contexts}"
    )


def _new_signals(now_ms: int) -> list[SignalEvent]:
    alerted = SignalEvent.objects.filter(signal=OuterRef("pk"), kind=SignalEventKind.ALERTED)
    found = Signal.objects.filter(
        ~Exists(alerted),
        disposition=Disposition.ACTIVE,
        final_score__gte=settings.ALERT_SCORE,
        evaluated_at__gt=now_ms - 24 * HOUR_MS,
        evaluated_at__lte=now_ms,
    )
    return [
        _step(signal, int(signal.evaluated_at), int(signal.evaluated_at), sentence(signal))
        for signal in found.order_by("-final_score")
    ]


def _sweeps(now_ms: int) -> list[SignalEvent]:
    """Return the steps of large sweeps in the direction of signals that live."""
    steps: list[SignalEvent] = []
    for signal in store.living(now_ms - 8 * HOUR_MS):
        side = store.SIDES[signal.direction]
        since = max(int(signal.evaluated_at), now_ms - SWEEP_REACH_MS)
        found = sweeps.read(str(signal.symbol), since, now_ms, float(UNUSUAL_PREMIUM))
        for place in np.flatnonzero(side * found.signed > 0).tolist():
            at_ms = int(found.timestamp[place])
            text = (
                f"{signal.symbol} {WORDS[side]} sweep of ${found.premium[place]:,.0f} confirms"
                f" {signal.detector.replace('_', ' ')} {signal.direction}"
            )
            steps.append(_step(signal, at_ms, at_ms, text))
    return _not_stored(steps)


def _not_stored(steps: Sequence[SignalEvent]) -> list[SignalEvent]:
    ids = {step.signal_id for step in steps}
    stored = set(
        SignalEvent.objects.filter(signal_id__in=ids, kind=SignalEventKind.ALERTED).values_list(
            "signal_id", "timestamp"
        )
    )
    return [step for step in steps if (step.signal_id, step.timestamp) not in stored]


def _step(signal: Signal, at_ms: int, since_ms: int, text: str) -> SignalEvent:
    return SignalEvent(
        signal_id=signal.id,
        symbol=signal.symbol,
        kind=SignalEventKind.ALERTED,
        timestamp=at_ms,
        reason=text,
        details={"since_ms": since_ms},
    )


def _is_quiet(now_ms: int) -> bool:
    """Return whether alerts are held back at an instant, by the hours of New York in ALERT_QUIET_HOURS."""
    if not settings.ALERT_QUIET_HOURS:
        return False
    first, last = (dt.time.fromisoformat(part) for part in settings.ALERT_QUIET_HOURS.split("-"))
    now = clock.instant(now_ms).astimezone(NEW_YORK).time()
    return first <= now < last if first <= last else now >= first or now < last
