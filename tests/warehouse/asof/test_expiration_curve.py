"""Reader of forwards by expiration and of the curve of dollar rates."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant import sessions
from quant.sessions import settlement_instant
from tests.warehouse.rows import add_curve
from warehouse import clock
from warehouse.asof import expiration_curve

pytestmark = [pytest.mark.database, pytest.mark.django_db]

DECEMBER, JANUARY = dt.date(2025, 12, 19), dt.date(2026, 1, 16)
SESSION = dt.date(2025, 12, 1)
SLOT = clock.epoch_ms(sessions.slots(SESSION)[4])
KNOWN = SLOT + 20_000


def settled(root: str, expiration: dt.date) -> int:
    return clock.epoch_ms(settlement_instant(root, expiration))


def test_the_settlements_of_a_slot_are_read_by_expiration_and_root():
    add_curve(SLOT, expiration=JANUARY, forward=6500.0)
    add_curve(SLOT, root="SPX", forward=None, implied_borrow=None, quality="assumed")
    add_curve(SLOT, atm_volatility=0.15, curve_timestamp=SLOT - 1)
    add_curve(SLOT + 900_000)
    add_curve(SLOT, symbol="NDX", root="NDX")
    read = expiration_curve.read("SPX", SLOT)
    assert read.root.tolist() == ["SPX", "SPXW", "SPXW"]
    assert read.expiration.tolist() == [DECEMBER, DECEMBER, JANUARY]
    np.testing.assert_array_equal(read.forward, [np.nan, 6480.0, 6500.0])
    np.testing.assert_array_equal(read.atm_volatility, [np.nan, 0.15, np.nan])
    np.testing.assert_array_equal(read.curve_timestamp, [np.nan, SLOT - 1, np.nan])
    assert read.quality.tolist() == ["assumed", "parity", "parity"]
    assert len(expiration_curve.read("SPX", SLOT + 1)) == 0


def test_the_newest_curve_known_at_an_instant_is_used():
    add_curve(SLOT, known_at=KNOWN, rate=0.05)
    add_curve(SLOT, known_at=KNOWN, expiration=JANUARY, rate=0.04)
    add_curve(SLOT + 900_000, known_at=KNOWN + 900_000, rate=0.03)
    assert expiration_curve.usd_curve("SPX", KNOWN - 1) is None
    curve = expiration_curve.usd_curve("SPX", KNOWN + 899_999)
    assert curve is not None
    assert curve.slot == SLOT
    assert curve.settlement.tolist() == [settled("SPXW", DECEMBER), settled("SPXW", JANUARY)]
    assert curve.rate.tolist() == [0.05, 0.04]
    newest = expiration_curve.usd_curve("SPX", KNOWN + 900_000)
    assert newest is not None
    assert (newest.slot, newest.rate.tolist()) == (SLOT + 900_000, [0.03])


def test_a_curve_is_used_for_five_sessions():
    add_curve(SLOT, known_at=KNOWN)
    last, after = sessions.sessions(SESSION, dt.date(2025, 12, 31))[5:7]
    assert expiration_curve.usd_curve("SPX", clock.epoch_ms(sessions.close_of(last))) is not None
    assert expiration_curve.usd_curve("SPX", clock.epoch_ms(sessions.open_of(after))) is None


def test_rates_that_are_not_from_own_quotes_are_no_curve():
    add_curve(SLOT, known_at=KNOWN, rate_source="flat")
    add_curve(SLOT - 900_000, known_at=KNOWN, rate_source="curve", symbol="NDX")
    assert expiration_curve.usd_curve("SPX", KNOWN) is None
