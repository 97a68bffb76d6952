"""Which patterns of the library hold on the bars of the signals of a tested session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from signals.features.record import Features
from signals.patterns import library
from signals.patterns.conditions import parse
from signals.patterns.matching import PatternRule, matches
from signals.scan.found import FoundSignal
from warehouse.models import Pattern

Key = tuple[str, int, int]  # detector, direction, end of the bar


def key_of(signal: FoundSignal) -> Key:
    """Return detector, direction and end of the bar. No two signals of a symbol have all three in common."""
    return signal.detector.name, signal.direction, signal.bar_end


def stored_conditions() -> dict[str, Any]:
    """Return the conditions of the library's active patterns by name, for the request of a backtest."""
    names = [one.name for one in library.read().patterns]
    return dict(Pattern.objects.filter(name__in=names).order_by("name").values_list("name", "conditions"))


def rules_of(conditions: Mapping[str, Any]) -> list[PatternRule]:
    """Return the patterns of a request. Raises RefusedConditions for one that names a field that no longer exists."""
    return [PatternRule(place, name, parse(one)) for place, (name, one) in enumerate(conditions.items())]


def matched(
    features: Features, signals: Sequence[FoundSignal], rules: Sequence[PatternRule]
) -> dict[Key, tuple[str, ...]]:
    """Return the names of the patterns that hold on the bar of each signal, by the key of the signal.

    The signal itself is the newest active one, as for the scanner, which evaluates patterns after it has stored the
    signals of the bar. Firings that are blocked or below the least score are no signals and have no entry.
    """
    found: dict[Key, tuple[str, ...]] = {}
    for signal in signals:
        if rules and signal.score.disposition == "ACTIVE":
            row = int(np.searchsorted(features.end_ms, signal.bar_end))
            held = matches(features, row, rules, signal.direction)
            found[key_of(signal)] = tuple(one.pattern.name for one in held)
    return found
