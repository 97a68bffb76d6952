"""Values of the features that the conditions of a rule read, for pages that say why a signal fired."""

from __future__ import annotations

from typing import Any

import numpy as np

from signals.features.mirroring import source_of
from signals.features.record import Features
from signals.rules.evaluation import applies
from signals.rules.rule import Rule


def measured(rule: Rule, features: Features, row: int, *, is_mirrored: bool) -> tuple[dict[str, Any], ...]:
    """Return for each condition that applies its text, and the values of its features on the bar that it is about.

    For the mirror image, text and values are those of the record itself: the short twin of a rule reads the low of 20
    bars where the rule reads their high. Features with several values on a bar, and those without one, are left out.
    """
    found = []
    for condition in rule.conditions:
        if applies(condition, features):
            at = max(0, row - condition.bars_before)
            values = {name: _value(features, name, at, is_mirrored) for name in condition.needs}
            known = {
                _own(features, name, is_mirrored): one for name, one in values.items() if one is not None
            }
            found.append({"text": condition.words(is_mirrored=is_mirrored), "values": known})
    return tuple(found)


def _own(features: Features, name: str, is_mirrored: bool) -> str:
    """Return the name of the feature of the record that a rule reads under a name."""
    *path, last = name.split(".")
    record: Any = features
    for part in path:
        record = getattr(record, part)
    return ".".join([*path, source_of(type(record), last) if is_mirrored else last])


def _value(features: Features, name: str, row: int, is_mirrored: bool) -> float | str | None:
    column: Any = features
    for part in _own(features, name, is_mirrored).split("."):
        column = getattr(column, part)
    if column.ndim != 1:
        return None
    value = column[row]
    if column.dtype.kind == "U":
        return str(value) or None
    return float(value) if np.isfinite(value) else None
