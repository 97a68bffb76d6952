"""Distinct values of columns in runs, compared with numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from quant.distinct import distinct


@pytest.mark.parametrize(
    "column",
    [
        np.array([3, 3, 1, 1, 3, 2, 2]),
        np.array(["SPXW", "SPXW", "SPX", "SPX", "SPXW"]),
        np.array(["SPY", "SPX", "SPX", "SP", "SPY"]),
        np.array([0.5, np.nan, np.nan, 0.5, 0.1]),
        np.array([7]),
        np.array([], dtype=np.float64),
    ],
    ids=["numbers", "texts", "texts of odd length", "with NaN", "one", "none"],
)
def test_values_positions_and_codes_are_those_of_numpy(column):
    found = distinct(column)
    values, first, code = np.unique(column, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.first, first)
    np.testing.assert_array_equal(found.code, code)
