"""Reader of sweeps: the trades of a cluster count together."""

from __future__ import annotations

import pytest

from tests.warehouse.asof.plans import indexes_read
from tests.warehouse.rows import add_trade, ago
from warehouse import asof
from warehouse.asof.sums import sweeps

pytestmark = [pytest.mark.database, pytest.mark.django_db]
OTHER = "O:SPX251219P06475000"


def add(at, number, premium, sentiment="BULLISH", **given):
    row = {"is_sweep": True, "trade_type": "SWEEP", "price": premium / 100, "size": 1} | given
    add_trade(at, number, premium=premium, sentiment=sentiment, **row)


@pytest.fixture
def start(db):
    at = ago(3_600_000)
    add(at - 1, 1, 900, sweep_id=1)
    add(at, 2, 900, sweep_id=1)  # of a sweep that began before
    add(at + 5, 3, 400, sweep_id=3)
    add(at + 6, 4, 300, "BEARISH", sweep_id=3)
    add(at + 6, 5, 50, sweep_id=3, contract_ticker=OTHER)
    add(at + 9, 6, 700, "BEARISH")  # alone, marked by its condition
    add(at + 9, 7, 900, is_sweep=False, trade_type="BLOCK")
    add(at + 9, 8, 900, symbol="NDX")
    add(at + 10, 9, 800, sweep_id=9, known_at=at + 10, canceled_by=10, canceled_at=at + 99)
    add(at + 99, 10, 800, is_cancel=True, known_at=at + 99)
    return at


def test_trades_of_one_sweep_and_contract_are_summed(start):
    found = sweeps.read("SPX", start, start + 100, 0)
    assert (found.timestamp - start).tolist() == [5, 6, 9]
    assert found.trades.tolist() == [2, 1, 1]
    assert found.premium.tolist() == [700.0, 50.0, 700.0]
    assert found.signed.tolist() == [1.0, 0.5, -7.0]
    assert found.contract_ticker[1] == OTHER


def test_small_sweeps_are_left_out_by_their_whole_premium(start):
    assert sweeps.read("SPX", start, start + 100, 700).premium.tolist() == [700.0, 700.0]
    assert len(sweeps.read("SPX", start, start + 5, 700)) == 0


def test_a_cancel_that_is_not_known_yet_is_not_applied(start):
    with asof.at(start + 50):
        assert sweeps.read("SPX", start + 10, start + 100, 0).premium.tolist() == [800.0]


def test_sweeps_are_read_by_an_index(start):
    assert None not in indexes_read(lambda: sweeps.read("SPX", start, start + 100, 700))
