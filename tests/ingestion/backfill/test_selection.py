"""A session selects the contracts nearest the money at its own price, around 30 to 45 days, or the whole band."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from ingestion.backfill.contracts.table import ContractTable
from ingestion.backfill.selection import Depth, select
from quant.contracts import format_ticker

SESSION = date(2026, 3, 10)
NEXT = date(2026, 3, 11)


def contract_table(days: list[int], strikes: list[float]) -> ContractTable:
    """Return calls and puts of one root at every strike, with expirations so many days after SESSION."""
    terms = sorted(
        (
            str(format_ticker("SPXW", SESSION + timedelta(days=d), call, k)),
            SESSION + timedelta(days=d),
            call,
            k,
        )
        for d in days
        for k in strikes
        for call in (True, False)
    )
    ticker, expiration, is_call, strike = zip(*terms, strict=True)
    return ContractTable(
        np.array(ticker),
        np.full(len(ticker), "SPXW"),
        np.array(expiration, dtype="datetime64[D]"),
        np.array(is_call),
        np.array(strike),
        np.full(len(ticker), 100.0),
    )


def selected(contracts: ContractTable, depth: Depth, price: float = 6500.0) -> set[tuple[int, float]]:
    """Return days and strikes selected for SESSION."""
    selection = contracts.select(select(contracts, {SESSION: price}, [SESSION], depth).by_session[SESSION])
    days = (selection.expiration - np.datetime64(SESSION)).astype(int).tolist()
    return set(zip(days, selection.strike.tolist(), strict=True))


def test_three_expirations_share_the_round_strikes_nearest_the_money():
    contracts = contract_table([10, 23, 31, 38, 45, 52], [float(k) for k in range(6300, 6705, 5)])
    assert selected(contracts, Depth(contracts=18)) == {
        (day, strike) for day in (23, 31, 45) for strike in (6475.0, 6500.0, 6525.0)
    }


def test_expirations_at_the_end_of_a_week_or_month_come_first():
    # 8 April is a Wednesday, 2 April the last session before Good Friday, 31 March the last of its month
    contracts = contract_table([21, 23, 29, 31], [6500.0])
    assert {day for day, _ in selected(contracts, Depth())} == {23, 31}
    assert {day for day, _ in selected(contract_table([21, 22], [6500.0]), Depth())} == {21}
    assert {day for day, _ in selected(contract_table([29], [6500.0]), Depth())} == {29}


def test_both_sides_of_each_strike_are_selected():
    contracts = contract_table([23, 31, 45], [6475.0, 6500.0, 6525.0])
    selection = select(contracts, {SESSION: 6500.0}, [SESSION], Depth(contracts=18)).rows
    assert len(selection) == 18


def test_strikes_off_the_grid_are_used_if_too_few_are_on_it():
    contracts = contract_table([30], [6487.5, 6490.0, 6500.0, 6510.0])
    assert selected(contracts, Depth(contracts=6)) == {(30, 6490.0), (30, 6500.0), (30, 6510.0)}


def test_without_an_expiration_in_the_window_the_nearest_are_used():
    contracts = contract_table([10, 52], [6500.0])
    assert selected(contracts, Depth()) == {(10, 6500.0), (52, 6500.0)}


def test_full_depth_selects_the_whole_band_up_to_max_dte():
    contracts = contract_table([0, 30, 60, 61], [5840.0, 5850.0, 7150.0, 7160.0])
    assert selected(contracts, Depth(full=True, band_pct=10, max_dte=60)) == {
        (day, strike) for day in (0, 30, 60) for strike in (5850.0, 7150.0)
    }


def test_each_session_selects_by_its_own_price():
    contracts = contract_table([31], [6400.0, 6500.0])
    selection = select(
        contracts, {SESSION: 6410.0, NEXT: [6490.0, 6420.0]}, [SESSION, NEXT], Depth(contracts=2)
    )
    by_day = {day: set(contracts.strike[rows].tolist()) for day, rows in selection.by_session.items()}
    assert by_day == {SESSION: {6400.0}, NEXT: {6400.0, 6500.0}}
    assert set(
        zip(contracts.strike[selection.rows].tolist(), selection.first, selection.last, strict=True)
    ) == {
        (6400.0, SESSION, NEXT),
        (6500.0, NEXT, NEXT),
    }


def test_a_session_without_a_price_selects_nothing():
    selection = select(contract_table([31], [6500.0]), {SESSION: float("nan")}, [SESSION, NEXT], Depth())
    assert (len(selection.rows), len(selection.by_session[SESSION]), len(selection.by_session[NEXT])) == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize("flaw", [{"band_pct": 0}, {"max_dte": 0}, {"contracts": 1}])
def test_a_depth_that_selects_nothing_is_rejected(flaw):
    with pytest.raises(ValueError, match="a depth must have"):
        Depth(**flaw)
