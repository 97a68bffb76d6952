"""Which signals of a symbol were active at given instants, for the fields of patterns that refer to them."""

from __future__ import annotations

from collections.abc import Sequence

from quant.sessions import DAY_MS
from signals.rules.rule import LONG, SHORT
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import Direction, Disposition
from warehouse.models.setups.signals import ENDS

_REACH_MS = 45 * DAY_MS  # a signal on daily bars lives for 20 sessions at most


def active_directions(symbol: str, instants_ms: Sequence[int]) -> list[int | None]:
    """Return at each instant (epoch ms) the direction of the newest signal that is ACTIVE and has not ended.

    1 is long and -1 short; None without such a signal.
    """
    return active_directions_of([symbol], instants_ms)[symbol]


def active_directions_of(symbols: Sequence[str], instants_ms: Sequence[int]) -> dict[str, list[int | None]]:
    """Return `active_directions` of several symbols, of each of them."""
    if not instants_ms:
        return {symbol: [] for symbol in symbols}
    first, last = min(instants_ms), max(instants_ms)
    found = list(
        Signal.objects.filter(
            symbol__in=symbols,
            bar_end__gte=first - _REACH_MS,
            bar_end__lte=last,
            evaluated_at__lte=last,
            disposition=Disposition.ACTIVE,
        )
        .order_by("evaluated_at", "id")
        .values_list("symbol", "id", "direction", "evaluated_at")
    )
    ids = [number for _, number, *_ in found]
    ended = dict(
        SignalEvent.objects.filter(signal__in=ids, kind__in=ENDS).values_list("signal_id", "timestamp")
    )
    answers: dict[str, list[int | None]] = {symbol: [None] * len(instants_ms) for symbol in symbols}
    for place, at_ms in enumerate(instants_ms):
        for symbol, number, direction, since in found:
            if since <= at_ms and (number not in ended or ended[number] > at_ms):
                answers[symbol][place] = LONG if direction == Direction.LONG else SHORT
    return answers
