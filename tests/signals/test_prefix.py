"""No answer of a detector or engine depends on a later bar."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from signals.confluence import confluence
from signals.context.contexts import read
from signals.detectors.registry import DETECTORS
from tests.signals.random_records import two_sessions

ROWS = range(1, 52, 2)


def map_columns(record: Any, change: Any) -> Any:
    """Return the record with every array of it, and of the records in it, replaced by `change` of it."""
    found = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if is_dataclass(value):
            found[one.name] = map_columns(value, change)
        elif isinstance(value, np.ndarray):
            found[one.name] = change(value)
    return replace(record, **found)


def cut(row: int) -> Any:
    """Return a change that leaves out all later rows."""
    return lambda values: values[: row + 1]


def blank(row: int) -> Any:
    """Return a change that makes all later rows missing."""

    def change(values: Any) -> Any:
        if values.dtype.kind not in "fU":
            return values
        changed = values.copy()
        changed[row + 1 :] = "" if values.dtype.kind == "U" else np.nan
        return changed

    return change


def noise(row: int) -> Any:
    """Return a change that mixes the values of all later rows."""

    def change(values: Any) -> Any:
        changed = values.copy()
        np.random.default_rng(row).shuffle(changed[row + 1 :])
        return changed

    return change


@pytest.mark.parametrize("later", [cut, blank, noise])
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.name)
def test_detector_answers_the_same_whatever_follows(detector, later):
    record = two_sessions(np.random.default_rng(3))
    known = detector.detect(record)
    for row in ROWS:
        found = detector.detect(map_columns(record, later(row)))
        for one in fields(known):
            last = (slice(None), row) if one.name in ("conditions", "factors") else row
            np.testing.assert_array_equal(getattr(found, one.name)[last], getattr(known, one.name)[last])


@pytest.mark.parametrize("later", [cut, blank, noise])
def test_engines_and_confluence_answer_the_same_whatever_follows(later):
    record = two_sessions(np.random.default_rng(4))
    for row in ROWS:
        changed = map_columns(record, later(row))
        one, other = read(record, row), read(changed, row)
        assert other == one
        assert confluence(changed, row, other.alignment, 1) == confluence(record, row, one.alignment, 1)
