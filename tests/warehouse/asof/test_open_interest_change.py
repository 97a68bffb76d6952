"""The change of open interest per contract: between the last chains of two sessions, with reasons."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DataError, transaction

from tests.roles import as_role, run
from tests.warehouse.rows import add_greeks
from warehouse import clock, watchlist

pytestmark = [pytest.mark.database, pytest.mark.django_db]

CALL = "SELECT contract_ticker, open_interest, next_date, next_open_interest, change, reason FROM {}"
CHANGE = CALL.format("get_open_interest_change('SPX', '2025-11-18')")
NEXT = dt.date(2025, 11, 19)


def add(day: int, hour: int, name: str, open_interest: int | None, **columns: object) -> None:
    at = clock.epoch_ms(dt.datetime(2025, 11, day, hour, tzinfo=dt.timezone(dt.timedelta(hours=-5))))
    defaults = {"expiration": "2025-12-18", "fetched_at": at, "known_at": at + 1000}
    add_greeks(at, f"O:{name}", open_interest=open_interest, **{**defaults, **columns})


@pytest.fixture(autouse=True)
def _watched(db) -> None:
    watchlist.add_default_symbols(["SPX"])


def test_the_change_is_that_from_one_session_to_the_next():
    add(18, 10, "A", 90)
    add(18, 16, "A", 100)
    add(19, 10, "A", 120)
    add(19, 16, "A", 130)
    add(20, 16, "A", 500)
    add(19, 16, "A", 7, symbol="NDX")
    with as_role("warehouse_reader"):
        assert run(CHANGE) == [("O:A", 100, NEXT, 130, 30, None)]


def test_an_unknown_change_has_a_reason():
    add(18, 16, "EXPIRED", 10, expiration="2025-11-18")
    add(18, 16, "GONE", 10)
    add(18, 16, "NEXT_UNKNOWN", 10)
    add(18, 16, "UNKNOWN", None)
    add(19, 16, "LISTED", 5)
    add(19, 16, "NEXT_UNKNOWN", None)
    add(19, 16, "UNKNOWN", 5)
    assert run(CHANGE) == [
        ("O:EXPIRED", 10, NEXT, None, None, "expired"),
        ("O:GONE", 10, NEXT, None, None, "not_in_next_chain"),
        ("O:LISTED", None, NEXT, 5, None, "not_in_chain"),
        ("O:NEXT_UNKNOWN", 10, NEXT, None, None, "next_unknown"),
        ("O:UNKNOWN", None, NEXT, 5, None, "unknown"),
    ]


def test_without_a_next_chain_every_change_is_unknown():
    add(18, 16, "A", 100)
    add(26, 16, "A", 130)  # more than a week later
    assert run(CHANGE) == [("O:A", 100, None, None, None, "no_next_chain")]


def test_a_missed_session_shows_in_next_date():
    add(18, 16, "A", 100)
    add(20, 16, "A", 130)
    assert run(CHANGE) == [("O:A", 100, dt.date(2025, 11, 20), 130, 30, None)]


def test_a_session_without_a_chain_has_no_rows():
    add(19, 16, "A", 130)
    assert run(CHANGE) == []


def test_as_of_an_instant_the_next_session_is_not_known():
    add(18, 16, "A", 100)
    add(19, 16, "A", 130)
    with as_role("warehouse_reader"):
        at = clock.epoch_ms(dt.datetime(2025, 11, 19, 12, tzinfo=dt.UTC))
        run("SELECT set_config('warehouse.as_of_ms', %s, true)", str(at))
        assert run(CHANGE) == [("O:A", 100, None, None, None, "no_next_chain")]


def test_a_date_that_is_null_is_rejected():
    with pytest.raises(DataError, match="p_date is NULL"), transaction.atomic():
        run(CALL.format("get_open_interest_change('SPX', NULL)"))
