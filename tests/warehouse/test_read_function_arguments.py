"""The documented functions reject what cannot be meant, with one sentence, instead of answering zeros."""

from __future__ import annotations

import pytest
from django.db import DataError, transaction

from tests.roles import as_role, run
from tests.warehouse.rows import MINUTE_MS, add_gamma, add_iv, add_trade, ago
from warehouse import watchlist

pytestmark = [pytest.mark.database, pytest.mark.django_db]

FUNCTIONS = {
    "get_flow_summary(%s, 60)": "options_flow_history",
    "get_latest_iv_percentile(%s)": "iv_percentile_cache",
    "get_latest_gamma_exposure(%s)": "gamma_exposure_snapshots",
    "get_open_interest_change(%s, '2026-11-18')": "historical_greeks",
}
EACH_FUNCTION = pytest.mark.parametrize("call", FUNCTIONS)
ROLES = pytest.mark.parametrize("role", ["warehouse_reader", "warehouse_web", "warehouse_writer"])


@pytest.fixture(autouse=True)
def _watched(db) -> None:
    watchlist.add_default_symbols(["SPX"])


def rejection(sql: str, *parameters: object) -> str:
    """Return the message with which the database rejects the arguments of a function."""
    with pytest.raises(DataError) as caught, transaction.atomic():
        run(sql, *parameters)
    assert caught.value.__cause__.sqlstate == "22023"  # invalid_parameter_value
    return caught.value.__cause__.diag.message_primary


@EACH_FUNCTION
@pytest.mark.parametrize(
    ("symbol", "sentence"),
    [
        (None, "p_symbol is NULL: name a symbol, such as 'SPX'"),
        ("", "'' is not a symbol: write it bare, such as 'SPX' or 'BRK.B'"),
        (" SPX", "' SPX' is not a symbol: write it bare, such as 'SPX' or 'BRK.B'"),
        ("I:SPX", "'I:SPX' is not a symbol: write it bare, such as 'SPX' or 'BRK.B'"),
        ("SPX\n", "'SPX\n' is not a symbol: write it bare, such as 'SPX' or 'BRK.B'"),
        ("O'X", "'O''X' is not a symbol: write it bare, such as 'SPX' or 'BRK.B'"),
        ("spx", "'spx' is not in upper case: write 'SPX'"),
        ("brk.B", "'brk.B' is not in upper case: write 'BRK.B'"),
    ],
)
def test_a_malformed_symbol_is_rejected(call, symbol, sentence):
    assert rejection(f"SELECT * FROM {call}", symbol) == sentence


@ROLES
@EACH_FUNCTION
def test_a_symbol_neither_watched_nor_stored_is_rejected(call, role):
    with as_role(role):
        assert rejection(f"SELECT * FROM {call}", "SPXX") == (
            f"'SPXX' is not on the watchlist and has no rows in {FUNCTIONS[call]}: name a symbol of the watchlist"
        )


@ROLES
def test_a_symbol_that_is_stored_but_not_watched_is_answered(role):
    add_trade(ago(MINUTE_MS), symbol="AMD", premium=100)
    add_iv("2026-11-20", symbol="AMD", current_iv=0.5)
    add_gamma(ago(0), symbol="AMD", dealer_positioning="LONG_GAMMA")
    with as_role(role):
        assert run("SELECT symbol, total_premium FROM get_flow_summary('AMD', 60)") == [("AMD", 100)]
        assert run("SELECT symbol, current_iv FROM get_latest_iv_percentile('AMD')") == [("AMD", 0.5)]
        assert run("SELECT symbol, dealer_positioning FROM get_latest_gamma_exposure('AMD')") == [
            ("AMD", "LONG_GAMMA")
        ]


def test_rows_in_another_table_do_not_make_a_symbol_known():
    add_iv("2026-11-20", symbol="AMD")
    assert run("SELECT symbol FROM get_latest_iv_percentile('AMD')") == [("AMD",)]
    assert rejection("SELECT * FROM get_latest_gamma_exposure('AMD')").startswith(
        "'AMD' is not on the watchlist"
    )


@pytest.mark.parametrize("minutes", [0, -60, 129_601, 2_147_483_647, None])
def test_a_number_of_minutes_outside_retention_is_rejected(minutes):
    shown = "NULL" if minutes is None else minutes
    assert rejection("SELECT * FROM get_flow_summary('SPX', %s)", minutes) == (
        f"p_minutes is {shown}: give a number from 1 to 129600, the 90 days for which trades are kept"
    )


@pytest.mark.parametrize("minutes", [1, 129_600])
def test_the_first_and_the_last_possible_minute_are_answered(minutes):
    assert run("SELECT * FROM get_flow_summary('SPX', %s)", minutes) == [
        ("SPX", 0, 0, 0, 0, "NEUTRAL", None, "57-64 %")
    ]


@pytest.mark.parametrize("table", [None, "", "Historical_Greeks", "watchlist"])
def test_a_clean_up_of_a_table_without_partitions_is_rejected(table):
    with as_role("warehouse_writer"):
        assert rejection("SELECT warehouse_drop_expired(%s)", table) == (
            f"{'NULL' if table is None else table} is not a partitioned table of the warehouse:"
            " name historical_greeks, options_flow_history or historical_bars"
        )
