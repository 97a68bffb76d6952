"""Readers of whole gamma snapshots."""

from __future__ import annotations

import math

import pytest

from tests.warehouse.asof.plans import keys_read, needs_sort
from tests.warehouse.rows import add_gamma, ago
from warehouse import asof
from warehouse.asof import gamma_snapshots

pytestmark = [pytest.mark.database, pytest.mark.django_db]
HOUR_MS = 3_600_000
KEY = "gamma_exposure_snapshots_key"


def test_the_newest_snapshot_has_numbers_and_tables():
    at = ago(HOUR_MS)
    strikes = {"6500": {"call": 2.0, "put": -1.0, "net": 1.0}}
    add_gamma(at - 1, underlying_price=1)
    add_gamma(
        at,
        underlying_price=6500.25,
        total_gamma=-1.5e9,
        flip_points=[6400.5, 6600.0],
        gamma_by_strike=strikes,
    )
    add_gamma(at, symbol="NDX", underlying_price=2)
    found = gamma_snapshots.newest("SPX", at - HOUR_MS, at + 5)
    assert found is not None
    assert (found.timestamp, found.underlying_price, found.total_gamma) == (at, 6500.25, -1.5e9)
    assert (found.flip_points, found.gamma_by_strike) == ((6400.5, 6600.0), strikes)
    assert (found.oi_by_strike, found.sensitivity, found.gamma_flip) == ({}, {}, None)


def test_outside_the_range_there_is_no_snapshot():
    at = ago(HOUR_MS)
    add_gamma(at)
    assert gamma_snapshots.newest("SPX", at + 1, at + 5) is None
    assert gamma_snapshots.newest("SPX", at - 5, at - 1) is None


def test_a_snapshot_is_read_from_the_time_at_which_it_is_known():
    at = ago(HOUR_MS)
    add_gamma(at, known_at=at + 20_000)
    with asof.at(at + 19_999):
        assert gamma_snapshots.newest("SPX", at, at) is None
        assert len(gamma_snapshots.nets("SPX", at, at)) == 0
    with asof.at(at + 20_000):
        assert gamma_snapshots.newest("SPX", at, at) is not None


def test_slots_are_listed_with_their_net_oldest_first():
    at = ago(HOUR_MS)
    add_gamma(at + 2)
    add_gamma(at, total_gamma=5)
    add_gamma(at + 1, symbol="NDX")
    found = gamma_snapshots.nets("SPX", at, at + 2)
    assert found.timestamp.tolist() == [at, at + 2]
    assert found.total_gamma[0] == 5.0
    assert math.isnan(found.total_gamma[1])


def test_snapshots_are_read_by_their_key_without_sorting():
    add_gamma(ago(HOUR_MS))

    def reader() -> object:
        return gamma_snapshots.newest("SPX", 0, ago(0))

    assert keys_read(reader, lambda: gamma_snapshots.nets("SPX", 0, ago(0))) == [KEY, KEY]
    assert not needs_sort(reader)
