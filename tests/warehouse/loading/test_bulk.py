"""Bulk insertion of numpy columns: every type of value, missing values, duplicate rows, errors."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.partitions import drop_partitions
from tests.roles import as_role, run
from tests.warehouse.rows import ago
from warehouse import partitions
from warehouse.loading import bulk
from warehouse.loading.copy_numeric import numeric_digits
from warehouse.models import HistoricalGreeks, OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

TICKERS = np.array(["O:SPX251219C06475000", "O:SPXW251219P06475000", "O:SPX251219C00100000"])
IN_KEY_ORDER = [2, 0, 1]


def greeks(timestamp: int, **columns):
    partitions.ensure("historical_greeks", timestamp, timestamp)
    defaults = {
        "symbol": "SPX",
        "timestamp": timestamp,
        "contract_ticker": TICKERS,
        "option_type": np.array(["call", "put", "call"]),
        "strike": np.array([6475.0, 6475.0, 100.0]),
        "expiration": np.datetime64("2025-12-19"),
        "dte": 25,
        "iv_status": "ok",
        "source": "live",
        "fetched_at": timestamp + 900,
        "method_version": "test",
    }
    return {**defaults, **columns}


def stored(columns: str) -> list[tuple]:
    return run(
        f"SELECT {columns} FROM historical_greeks ORDER BY array_position(%s, contract_ticker)", list(TICKERS)
    )


def test_every_type_of_value_is_stored_unchanged():
    at = ago(0)
    columns = greeks(
        at,
        underlying_price=6451.23,
        bid=np.array([45.5, 0.05, 1234.5678]),
        ask=np.array([45.7, 0.1, 100_000.0]),
        volume=np.array([1, 2, 2_147_483_647]),
        delta=np.array([0.5, -0.25, 1e-17]),
    )
    assert bulk.insert_rows(HistoricalGreeks, columns) == 3
    assert stored('symbol, "timestamp", option_type, expiration::text, dte, volume, delta') == [
        ("SPX", at, "call", "2025-12-19", 25, 1, 0.5),
        ("SPX", at, "put", "2025-12-19", 25, 2, -0.25),
        ("SPX", at, "call", "2025-12-19", 25, 2_147_483_647, 1e-17),
    ]
    assert stored("underlying_price::text, bid::text, ask::text, strike::text") == [
        ("6451.23", "45.5", "45.7", "6475"),
        ("6451.23", "0.05", "0.1", "6475"),
        ("6451.23", "1234.5678", "100000", "100"),
    ]


def test_missing_values_of_every_type_are_stored_as_null():
    nan = np.nan
    columns = greeks(
        ago(0),
        underlying_price=nan,
        bid=np.array([nan, 1.0, nan]),
        volume=np.array([nan, 7.0, 0.0]),
        open_interest=np.ma.array([1, 2, 3], mask=[False, True, False]),
        gamma=np.array([0.0, nan, 0.1]),
        greeks_source=np.array(["provider", "", "computed"]),
    )
    assert bulk.insert_rows(HistoricalGreeks, columns) == 3
    assert stored("underlying_price, bid, volume, open_interest, gamma, greeks_source, ask") == [
        (None, None, None, 1, 0.0, "provider", None),
        (None, Decimal(1), 7, None, None, None, None),
        (None, None, 0, 3, 0.1, "computed", None),
    ]


def test_rows_are_stored_in_key_order():
    bulk.insert_rows(HistoricalGreeks, greeks(ago(0), volume=np.array([10, 20, 30])))
    assert run("SELECT contract_ticker, volume FROM historical_greeks ORDER BY id") == [
        (TICKERS[i], [10, 20, 30][i]) for i in IN_KEY_ORDER
    ]


def test_duplicate_rows_and_rows_already_stored_are_not_counted():
    at = ago(0)
    twice = np.array([TICKERS[0], TICKERS[0], TICKERS[1]])
    assert bulk.insert_rows(HistoricalGreeks, greeks(at, contract_ticker=twice)) == 2
    assert bulk.insert_rows(HistoricalGreeks, greeks(at)) == 1
    assert bulk.insert_rows(HistoricalGreeks, greeks(at)) == 0
    assert run("SELECT count(*) FROM historical_greeks") == [(3,)]


@pytest.mark.parametrize("likely_new", [True, False])
def test_a_batch_with_stored_rows_keeps_earlier_rows_of_its_transaction(likely_new):
    at = ago(0)
    old = greeks(
        at, contract_ticker=np.array([TICKERS[2], TICKERS[2], TICKERS[2]]), volume=np.array([5, 6, 7])
    )
    with transaction.atomic():
        assert bulk.insert_rows(HistoricalGreeks, old) == 1
        assert bulk.insert_rows(HistoricalGreeks, greeks(at, volume=1), likely_new=likely_new) == 2
    assert run("SELECT contract_ticker, volume FROM historical_greeks ORDER BY contract_ticker") == [
        (TICKERS[2], 5),
        (TICKERS[0], 1),
        (TICKERS[1], 1),
    ]


@pytest.fixture
def drop_partitions_afterwards():
    yield
    drop_partitions()


@pytest.mark.django_db(transaction=True)
def test_two_concurrent_writers_of_the_same_rows_store_them_once(drop_partitions_afterwards):
    columns = greeks(ago(0))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert bulk.insert_rows(HistoricalGreeks, columns) == 3
            second = pool.submit(_insert_and_close, columns)
            until = time.monotonic() + 60
            while not run("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert time.monotonic() < until
        assert second.result() == 0
    assert run("SELECT count(*) FROM historical_greeks") == [(3,)]


def _insert_and_close(columns: dict[str, Any]) -> int:
    try:
        return bulk.insert_rows(HistoricalGreeks, columns)
    finally:
        connection.close()


def test_two_batches_in_one_transaction_are_both_stored():
    at = ago(0)
    with transaction.atomic():
        assert bulk.insert_rows(HistoricalGreeks, greeks(at)) == 3
        assert bulk.insert_rows(HistoricalGreeks, greeks(at + 1)) == 3
    assert run("SELECT count(*) FROM historical_greeks") == [(6,)]


def test_the_writer_role_inserts_rows():
    columns = greeks(ago(0))
    with as_role("warehouse_writer"):
        assert bulk.insert_rows(HistoricalGreeks, columns) == 3


def test_empty_columns_insert_nothing():
    columns = greeks(ago(0), contract_ticker=TICKERS[:0], option_type="call", strike=1.0)
    assert bulk.insert_rows(HistoricalGreeks, columns) == 0


def test_no_row_is_stored_when_a_row_violates_a_constraint():
    columns = greeks(ago(0), iv_status=np.array(["ok", "unheard of", "ok"]))
    with pytest.raises(DatabaseError, match="iv_status_known"), transaction.atomic():
        bulk.insert_rows(HistoricalGreeks, columns)
    assert run("SELECT count(*) FROM historical_greeks") == [(0,)]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("dte", np.array([1.5, 2.0, 3.0]), "column dte: 1.5 is not a whole number"),
        ("volume", np.array([1, 2, 2**31]), "column volume: a value lies outside 32 bits"),
        ("delta", np.array([0.1, np.inf, 0.1]), "column delta: a value is infinite"),
        ("bid", np.array([1.0, 1e16, 2.0]), "column bid: 1e\\+16 has more digits"),
        ("source", np.array([1, 2, 3]), "column source: texts are needed"),
        ("strike", np.array([1.0, 2.0]), r"the columns differ in length: \[2, 3\]"),
        ("colour", np.array([1, 2, 3]), "historical_greeks has no column colour"),
    ],
)
def test_a_value_that_does_not_fit_its_column_raises(column, value, message):
    with pytest.raises(ValueError, match=message):
        bulk.encode(HistoricalGreeks, greeks(ago(0), **{column: value}))


def test_a_column_that_postgres_computes_cannot_be_written():
    with pytest.raises(ValueError, match="options_flow_history has no column premium_float"):
        bulk.encode(OptionsFlow, {"premium_float": np.array([1.0])})


def test_a_missing_key_column_raises():
    columns = greeks(ago(0))
    del columns["symbol"]
    with pytest.raises(ValueError, match="historical_greeks needs its key column symbol"):
        bulk.encode(HistoricalGreeks, columns)


def test_trades_with_condition_arrays_booleans_and_defaults_are_stored():
    at = ago(0)
    partitions.ensure("options_flow_history", at, at)
    columns = {
        "symbol": np.array(["SPX", "NDX"]),
        "timestamp": np.array([at, at + 1]),
        "contract_ticker": np.array([b"O:SPX251219C06475000", b"O:NDX251219C20000000"]),
        "sequence_number": np.array([7, -1]),
        "price": np.array([45.5, 32.0]),
        "size": np.array([250, 150]),
        "premium": np.array([1_137_500.0, 480_000.0]),
        "trade_type": "SWEEP",
        "sentiment": "BULLISH",
        "aggressiveness": "NORMAL",
        "strike": 6475,
        "expiration": np.array(["2025-12-19", "2025-12-19"], dtype="datetime64[D]"),
        "option_type": "call",
        "dte": 25,
        "is_sweep": np.array([True, False]),
        "conditions": np.array(["{ISOI,AUTO}", ""]),
        "exchange": np.array(["CBOE", "Zürich"]),
        "source": "live",
        "received_at": at,
        "method_version": "test",
    }
    assert bulk.insert_rows(OptionsFlow, columns) == 2
    found = run(
        "SELECT symbol, sequence_number, premium::text, is_sweep, is_block, conditions, exchange"
        " FROM options_flow_history ORDER BY symbol DESC"
    )
    assert found == [
        ("SPX", 7, "1137500", True, False, ["ISOI", "AUTO"], "CBOE"),
        ("NDX", -1, "480000", False, False, None, "Zürich"),
    ]


def test_more_rows_than_one_chunk_are_all_stored():
    at, rows = ago(0), 10_001
    tickers = np.array([f"O:SPX251219C{number:08d}" for number in range(rows)])
    columns = greeks(at, contract_ticker=tickers, option_type="call", strike=np.arange(rows) / 8)
    assert bulk.insert_rows(HistoricalGreeks, columns) == rows
    assert run("SELECT count(*), sum(strike), max(contract_ticker) FROM historical_greeks") == [
        (rows, Decimal(rows * (rows - 1) // 2) / 8, tickers[-1])
    ]


def decimal_of(digits: np.ndarray) -> Decimal:
    """Decode the wire format of numeric independently: the sum of digit * 10000 ** place."""
    count, weight, sign, scale = (int(number) for number in digits[:4])
    value = sum(Decimal(int(d)) * Decimal(10_000) ** (weight - i) for i, d in enumerate(digits[4:]))
    assert len(digits) == 4 + count
    return (-value if sign else value).quantize(Decimal(1).scaleb(-scale))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.decimals(min_value=-99_999, max_value=99_999, places=6, allow_nan=False, allow_infinity=False),
        max_size=8,
    )
)
def test_numeric_digits_encode_prices_with_six_decimals_exactly(prices):
    digits = numeric_digits(np.array([float(price) for price in prices]))
    assert [decimal_of(row) for row in digits] == prices
    shown = [len(str(price.normalize() + 0).partition(".")[2]) for price in map(decimal_of, digits)]
    assert all(int(row[3]) <= 6 for row in digits)
    assert shown == [int(row[3]) for row in digits]
