"""A repair finds the other part of an order that one exchange executed in parts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.trades import NOON_MS, make_batch, process
from warehouse.models import OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

COMPLETE_RANGE = (NOON_MS - 1000, NOON_MS + 1000)


def part(sequence_number: int, size: int) -> dict[str, Any]:
    """Return a trade at the ask on one exchange; the average size is 20."""
    return {"price": 1.10, "exchange": 302, "sequence_number": sequence_number, "size": size}


def stored() -> list[tuple[Any, ...]]:
    rows = OptionsFlow.objects.order_by("sequence_number")
    return list(rows.values_list("sequence_number", "trade_type", "sweep_id", "source"))


@pytest.mark.parametrize(("size", "alone"), [(12, "REGULAR"), (60, "LARGE")])
def test_part_of_a_split_stored_alone_is_amended_to_split(size, alone):
    process(make_batch(part(1, size)))
    assert stored() == [(1, alone, None, "live")]
    process(make_batch(part(1, size), part(2, 5), source="rest"), complete_range=COMPLETE_RANGE)
    assert stored() == [(1, "SPLIT", None, "live"), (2, "SPLIT", None, "backfill")]


def test_block_stays_a_block_when_the_other_part_is_found():
    process(make_batch(part(1, 500)))
    process(make_batch(part(1, 500), part(2, 5), source="rest"), complete_range=COMPLETE_RANGE)
    assert stored()[0] == (1, "BLOCK", None, "live")
