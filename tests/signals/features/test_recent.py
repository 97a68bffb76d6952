"""Detectors answer the same without the rows that are far before the session."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from signals.detectors.registry import DETECTORS
from signals.features.record import LOOK_BACK, recent
from tests.signals.random_records import two_sessions

FIRST_ROW = 4 * 26


def five_sessions():
    """Return two random sessions, evaluated as the last of five, whose first three repeat them."""

    def longer(record: Any) -> Any:
        found = {}
        for one in fields(record):
            value = getattr(record, one.name)
            if is_dataclass(value):
                found[one.name] = longer(value)
            elif isinstance(value, np.ndarray):
                found[one.name] = np.concatenate([value[26:], value, value])
        return replace(record, **found)

    record = longer(two_sessions(np.random.default_rng(5)))
    return replace(
        record,
        first_row=FIRST_ROW,
        session=np.arange(5 * 26) // 26,
        reasons={"rsi14": np.where(np.arange(5 * 26) % 7 == 0, "warm-up", "")},
    )


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.name)
def test_detectors_do_not_need_the_rows_that_are_left_out(detector):
    record = five_sessions()
    kept = recent(record)
    assert len(kept) == 26 + LOOK_BACK
    assert kept.first_row == LOOK_BACK
    known, found = detector.detect(record), detector.detect(kept)
    for one in fields(known):
        whole, part = getattr(known, one.name), getattr(found, one.name)
        if one.name in ("conditions", "factors"):
            whole, part = whole.T, part.T
        np.testing.assert_array_equal(part[LOOK_BACK:], whole[FIRST_ROW:], err_msg=one.name)


def test_a_record_without_a_long_past_keeps_all_rows():
    record = replace(five_sessions(), first_row=LOOK_BACK)
    assert len(recent(record)) == len(record)
