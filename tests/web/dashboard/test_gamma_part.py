"""Gamma of a panel: band, votes, levels with their history, expirations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.warehouse.rows import add_gamma
from tests.web.dashboard.board import NOON, add_gamma_slot, at
from warehouse.models import ExpirationGamma
from web.dashboard import gamma_part
from web.dashboard.gamma_part import Level

pytestmark = [pytest.mark.database, pytest.mark.django_db]

WALLS = {"gamma_wall_resistance": 4510, "gamma_wall_support": 4500, "gamma_flip": 4480}
NET = {"underlying_price": 4505, "total_gamma": 36.7e9, "gross_gamma": 392e9}


def sensitivity(*nets: float | None) -> dict[str, Any]:
    names = ("naive", "volume_weighted", "own_gamma")
    rows = {name: None if net is None else {"net": net} for name, net in zip(names, nets, strict=True)}
    return {"conventions": rows, "net": {"low": min(n for n in nets if n), "high": max(n for n in nets if n)}}


def add_expiration(expiration: str, bucket: str, call: float, put: float) -> None:
    ExpirationGamma.objects.create(
        symbol="SPX",
        timestamp=NOON,
        root="SPXW",
        expiration=expiration,
        dte=0,
        bucket=bucket,
        contracts=100,
        call_gamma=call,
        put_gamma=put,
        oi_source="provider",
        method_version="test",
        known_at=NOON,
    )


def test_net_band_votes_and_share_of_the_gross():
    add_gamma_slot(
        NOON, **NET, dealer_positioning="NEUTRAL", expected_behavior="RANGE_BOUND", flip_status="found"
    )
    add_gamma(NOON, known_at=NOON, flip_points=[], sensitivity=sensitivity(36.7e9, 82.5e9, -29.7e9))
    found = gamma_part.read("SPX", NOON)
    assert found is not None
    assert (found.net, found.spot, found.low, found.high) == (36.7e9, 4505, -29.7e9, 82.5e9)
    assert found.net_share == pytest.approx(36.7 / 392)
    assert (found.agreeing, found.voters) == (2, 3)
    assert (found.positioning, found.behavior, found.strength) == ("NEUTRAL", "RANGE_BOUND", "WEAK")


def test_a_convention_without_data_does_not_vote():
    add_gamma_slot(NOON, **NET)
    add_gamma(NOON, known_at=NOON, sensitivity=sensitivity(36.7e9, None, 29.7e9))
    found = gamma_part.read("SPX", NOON)
    assert found is not None
    assert (found.agreeing, found.voters) == (2, 2)


def test_levels_descend_by_price_and_have_the_last_value_of_earlier_sessions():
    add_gamma_slot(at("15:45", "2025-11-14"), gamma_wall_resistance=4400)
    add_gamma_slot(at("16:00", "2025-11-14"), gamma_wall_resistance=4450)
    add_gamma_slot(at("16:00", "2025-11-17"), gamma_wall_support=4490)
    add_gamma_slot(at("11:45"), gamma_wall_resistance=9999)
    add_gamma_slot(NOON, **NET, **WALLS)
    found = gamma_part.read("SPX", NOON)
    assert found is not None
    assert found.levels == (
        Level("Wall above", 4510, pytest.approx(4510 / 4505 - 1), (4450, None, 4510)),
        Level("Spot", 4505),
        Level("Wall below", 4500, pytest.approx(4500 / 4505 - 1), (None, 4490, 4500)),
        Level("Flip", 4480, pytest.approx(4480 / 4505 - 1), (None, None, 4480)),
    )


def test_the_history_has_ten_sessions_and_the_newest_snapshot():
    days = [f"2025-11-{day:02}" for day in (3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 17)]
    for number, day in enumerate(days):
        add_gamma_slot(at("16:00", day), gamma_wall_resistance=4000 + number)
    add_gamma_slot(NOON, **NET, **WALLS)
    found = gamma_part.read("SPX", NOON)
    assert found is not None
    assert found.levels[0].history == (*range(4001, 4011), 4510)


def test_flips_that_are_no_level_are_listed():
    add_gamma_slot(NOON, **NET, **WALLS)
    add_gamma(NOON, known_at=NOON, flip_points=[4100.5, 4480.0, 4700.0])
    found = gamma_part.read("SPX", NOON)
    assert found is not None
    assert found.more_flips == (4100.5, 4700.0)


def test_expirations_contracts_and_the_share_of_those_of_the_day():
    add_gamma_slot(NOON, **NET)
    add_expiration("2025-11-18", "ZERO_DTE", 30.0, -10.0)
    add_expiration("2025-12-19", "REST", 50.0, -30.0)
    found = gamma_part.read("SPX", NOON)
    assert found is not None
    assert (found.expirations, found.contracts, found.zero_dte_share) == (2, 200, pytest.approx(40 / 120))


def test_without_a_snapshot_of_the_slot_there_is_no_gamma():
    add_gamma_slot(at("11:45"), **NET)
    assert gamma_part.read("SPX", NOON) is None
