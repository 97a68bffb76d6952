"""Answers come back as columns, to the last bit; what may be NULL is NaN."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse.column_queries import read_columns

pytestmark = [pytest.mark.database, pytest.mark.django_db]

KINDS = {"n": "integer", "x": "double precision", "yes": "boolean"}


def test_columns_of_every_kind_keep_their_rows_together():
    found = read_columns(
        "SELECT * FROM (VALUES (-3, 0.1::numeric, true), (70000, NULL, false)) v (n, x, yes) WHERE n < %(most)s",
        {"most": 80_000},
        KINDS,
    )
    order = np.argsort(found["n"])
    np.testing.assert_array_equal(found["n"][order], np.array([-3, 70_000]), strict=True)
    np.testing.assert_array_equal(found["x"][order], np.array([0.1, np.nan]), strict=True)
    np.testing.assert_array_equal(found["yes"][order], np.array([True, False]), strict=True)


def test_an_empty_answer_has_its_columns():
    found = read_columns("SELECT 1 AS n, 1 AS x, true AS yes WHERE false", {}, KINDS)
    assert {name: len(column) for name, column in found.items()} == {"n": 0, "x": 0, "yes": 0}


def test_a_null_where_there_is_no_number_for_it_is_refused():
    with pytest.raises(ValueError, match="n may not be NULL, and in 1 rows it is"):
        read_columns("SELECT NULL::integer AS n, 1 AS x, true AS yes", {}, KINDS)
