"""Query results as numpy columns: exact values, NULL as NaN in float columns only."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse.column_queries import read_columns, read_grouped

pytestmark = [pytest.mark.database, pytest.mark.django_db]

KINDS = {"n": "integer", "x": "double precision", "yes": "boolean"}


def test_columns_of_every_type_are_returned_exactly_and_aligned_by_row():
    columns = read_columns(
        "SELECT * FROM (VALUES (-3, 0.1::numeric, true), (70000, NULL, false)) v (n, x, yes) WHERE n < %(most)s",
        {"most": 80_000},
        KINDS,
    )
    order = np.argsort(columns["n"])
    np.testing.assert_array_equal(columns["n"][order], np.array([-3, 70_000]), strict=True)
    np.testing.assert_array_equal(columns["x"][order], np.array([0.1, np.nan]), strict=True)
    np.testing.assert_array_equal(columns["yes"][order], np.array([True, False]), strict=True)


def test_an_empty_result_has_empty_columns():
    columns = read_columns("SELECT 1 AS n, 1 AS x, true AS yes WHERE false", {}, KINDS)
    assert {name: len(column) for name, column in columns.items()} == {"n": 0, "x": 0, "yes": 0}


def test_null_in_an_integer_column_raises():
    with pytest.raises(ValueError, match="n must not be NULL, but is NULL in 1 rows"):
        read_columns("SELECT NULL::integer AS n, 1 AS x, true AS yes", {}, KINDS)


def test_texts_dates_and_large_numbers_are_returned_exactly():
    columns = read_columns(
        "SELECT * FROM (VALUES ('ä b', date '1969-12-31', 9007199254740993),"
        " (NULL, date '2026-11-18', -1)) v (t, d, n)",
        {},
        {"t": "text", "d": "date", "n": "bigint"},
    )
    order = np.argsort(columns["d"])
    np.testing.assert_array_equal(columns["t"][order], np.array(["ä b", ""]), strict=True)
    days = np.array(["1969-12-31", "2026-11-18"], dtype="datetime64[D]")
    np.testing.assert_array_equal(columns["d"][order], days, strict=True)
    np.testing.assert_array_equal(columns["n"][order], np.array([9007199254740993, -1]), strict=True)


def test_grouped_columns_hold_group_after_group_with_its_number_of_rows():
    query = "SELECT * FROM (VALUES ('a', 1), ('b', 3), ('a', 2)) v (k, x) WHERE x < %(most)s"
    found = read_grouped(query, {"most": 9}, {"x": "double precision"}, "k")
    starts = np.cumsum(found.rows) - found.rows
    parts = {
        key: sorted(found.columns["x"][start : start + rows].tolist())
        for key, start, rows in zip(found.key, starts, found.rows, strict=True)
    }
    assert parts == {"a": [1.0, 2.0], "b": [3.0]}
    empty = read_grouped(query, {"most": 0}, {"x": "double precision"}, "k")
    assert (empty.key, len(empty.rows), len(empty.columns["x"])) == ([], 0, 0)
