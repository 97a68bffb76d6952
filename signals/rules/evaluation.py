"""Answers of the parts of a rule for each bar, and the reasons why an answer is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from quant.chain import Bools, Floats
from quant.sessions import MINUTE_MS
from signals.features.missing import missing, reason, stale
from signals.features.record import Features
from signals.rules.rule import Condition, Factor, Rule
from warehouse.asof.rows import Texts

# From the evaluation instant to the start of the minute in which a trade is entered.
ENTRY_AFTER_MS = 20_000


def applies(part: Condition | Factor, features: Features) -> bool:
    """Return whether a part of a rule applies to the length of these bars."""
    return part.only in (None, features.timeframe)


def answer(condition: Condition, features: Features) -> Floats:
    """Return 1, 0 or NaN for each row, shape (n,); 1 for a condition that does not apply to these bars."""
    if not applies(condition, features):
        return np.ones(len(features))
    return _unless_stale(condition.holds(features), condition.needs, features)


def value(factor: Factor, features: Features) -> Floats:
    """Return a factor's value for each row, shape (n,); NaN for a factor that does not apply to these bars."""
    if not applies(factor, features):
        return np.full(len(features), np.nan)
    return _unless_stale(factor.value(features), factor.needs, features)


def in_time(rule: Rule, features: Features) -> Floats:
    """Return 1 on bars of the rule's window after which a trade can still be entered in the session, else 0."""
    if features.timeframe == "1d":
        return np.ones(len(features))
    window, since, left = rule.window, features.minutes_open, features.minutes_left
    entry = (features.at_ms - features.end_ms + ENTRY_AFTER_MS) / MINUTE_MS
    after = (since >= window.after_open) & (since <= window.latest_after_open)
    before = (left <= window.most_left) & (left >= window.least_left) & (left > entry)
    return (after & before).astype(np.float64)


def first_text(choices: Sequence[tuple[Bools, Texts]], rows: int) -> Texts:
    """Return for each row the text of the first choice whose mask is true, '' where none is."""
    result: Texts = np.full(rows, "")
    for mask, text in reversed(choices):
        if np.any(mask):
            result = np.where(mask, text, result)
    return result


def why_unknown(
    features: Features,
    holds: Floats,
    before: Floats,
    conditions: Iterable[tuple[Condition, Floats]],
    factors: Iterable[tuple[Factor, Floats]],
    stop: tuple[tuple[str, ...], Floats],
) -> Texts:
    """Return why the answer of a row is unknown: the whole row, an input of a part, of the stop, the bar before.

    `holds` and `before` are the answers of the whole rule on a row and on the bar before it. Each part comes with its
    answers, the stop with the features that it needs and its distance.
    """
    unknown = np.isnan(holds)
    needs, risk = stop
    parts = [(one.needs, one.unknown, values) for one, values in conditions]
    parts += [
        (one.needs, one.unknown, values)
        for one, values in factors
        if applies(one, features) and not one.optional
    ]
    reasons: list[tuple[Bools, Texts]] = [(features.missing != "", features.missing)]
    for names, otherwise, values in [*parts, (needs, "", risk)]:
        rows = unknown & np.isnan(values)
        if rows.any():  # texts cost more than the numbers, and few rows are unknown
            reasons.append((rows, _missing_of(names, otherwise, features)))
    reasons.append(((holds == 1.0) & np.isnan(before), np.array("bar before")))
    return first_text(reasons, len(features))


def _unless_stale(values: Floats, needs: Iterable[str], features: Features) -> Floats:
    for name in needs:
        values = np.where(stale(features, name), np.nan, values)
    return values


def _missing_of(needs: Iterable[str], otherwise: str, features: Features) -> Texts:
    found = [(missing(features, name), reason(features, name)) for name in needs]
    return first_text([*found, (np.array(True), np.array(otherwise))], len(features))
