"""The newest price of the underlying among the rows of a chain is used."""

from __future__ import annotations

import pytest

from ingestion.chains.spot import Spot, spot_in_chain
from provider.records import ChainRow, Details, UnderlyingAsset

NOON_MS = 1_795_021_200_000
SECOND_MS = 1_000


def row(asset: UnderlyingAsset | None) -> ChainRow:
    return ChainRow(details=Details("O:SPXW261218C06500000", "call", None, 6500.0), underlying_asset=asset)


def index(value: float | None, updated_ms: int | None = None) -> ChainRow:
    updated_ns = None if updated_ms is None else updated_ms * 1_000_000 + 999_999
    return row(UnderlyingAsset(ticker="I:SPX", value=value, last_updated=updated_ns))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_newest_price_is_used_wherever_its_row_is(place):
    rows = [index(6500.0, NOON_MS), index(6501.0, NOON_MS - SECOND_MS)]
    rows.insert(place, index(6507.0, NOON_MS + SECOND_MS))
    assert spot_in_chain(rows) == Spot(6507.0, "chain", NOON_MS + SECOND_MS)


def test_a_price_with_a_time_is_newer_than_one_without():
    assert spot_in_chain([index(6500.0), index(6507.0, NOON_MS)]) == Spot(6507.0, "chain", NOON_MS)


def test_of_prices_without_a_time_the_first_is_used():
    assert spot_in_chain([index(6500.0), index(6507.0)]) == Spot(6500.0, "chain", None)


def test_rows_without_a_price_are_skipped():
    rows = [row(None), index(None, NOON_MS + SECOND_MS), index(6500.0, NOON_MS)]
    assert spot_in_chain(rows) == Spot(6500.0, "chain", NOON_MS)


@pytest.mark.parametrize("rows", [[], [row(None)], [index(None, NOON_MS)], [index(0.0, NOON_MS)]])
def test_a_chain_without_a_positive_price_has_no_spot(rows):
    assert spot_in_chain(rows) is None
