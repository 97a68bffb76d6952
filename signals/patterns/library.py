"""The stored pattern library: the patterns that are evaluated, and the matches that are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from signals.patterns.conditions import RefusedConditions, parse
from signals.patterns.matching import FoundMatch, PatternRule
from warehouse.models import Pattern, PatternMatch
from warehouse.models.enums import PatternStatus


class Library(NamedTuple):
    """The active patterns, by name, and by the name of each that cannot be used the sentence that says why."""

    patterns: list[PatternRule]
    refused: dict[str, str]


def read() -> Library:
    """Return the stored patterns with the status active.

    A pattern is refused if a field that it names no longer exists: the form checks conditions when they are edited.
    """
    found = Library([], {})
    for row in Pattern.objects.filter(status=PatternStatus.ACTIVE).order_by("name"):
        try:
            found.patterns.append(PatternRule(int(row.pk), str(row.name), parse(row.conditions)))
        except RefusedConditions as error:
            found.refused[str(row.name)] = str(error)
    return found


def store(symbol: str, day: dt.date, found: Iterable[FoundMatch]) -> int:
    """Store matches on the bars of a symbol's session, at most one per pattern; return how many are new.

    A pattern that has matched the symbol in the session already keeps its first match.
    """
    stored = PatternMatch.objects.filter(symbol=symbol, date=day)
    before = set(stored.values_list("pattern_id", flat=True))
    rows = [
        PatternMatch(
            pattern_id=one.pattern.number, symbol=symbol, date=day, bar_end=one.bar_end, values=one.values
        )
        for one in found
        if one.pattern.number not in before
    ]
    PatternMatch.objects.bulk_create(rows, ignore_conflicts=True)  # another process may store the same match
    return len(rows)
