"""Columns of a file with the multiplier and the exercise style of its contracts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ingestion.imports.columns import find_columns
from ingestion.imports.contracts import ContractRows, read_contracts

STANDARD, ADJUSTED = "AMD261218C00100000", "AMD1261218C00100000"
NAN = float("nan")


def read(contracts: tuple[str, ...], **columns: tuple[str, ...]) -> ContractRows:
    return read_contracts({"contract": contracts, **columns}, None, Counter())


@pytest.mark.parametrize(
    "header", ["multiplier", "Contract Size", "shares_per_contract", "contractSize", "Contract Multiplier"]
)
def test_the_multiplier_has_several_usual_names(header):
    assert find_columns(["date", header], {}) == {"quote_date": 0, "multiplier": 1}


@pytest.mark.parametrize("header", ["exercise_style", "Style", "OptionStyle"])
def test_the_exercise_style_has_several_usual_names(header):
    assert find_columns(["date", header], {}) == {"quote_date": 0, "exercise_style": 1}


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (("100", "150"), [100, 150]),
        (("10", "1,000"), [10, 1000]),
        (("", ""), [100, NAN]),  # only a standard contract has a usual multiplier
        (("REGULAR", "REGULAR"), [100, NAN]),  # a word for the size, in files of Yahoo
    ],
)
def test_the_multiplier_is_a_number(sent, known):
    rows = read((STANDARD, ADJUSTED), multiplier=sent)
    np.testing.assert_array_equal(rows.columns.multiplier, known)
    assert (rows.refused, +rows.rejected) == (Counter(), Counter())


def test_without_a_column_the_multiplier_of_an_adjusted_contract_is_unknown():
    np.testing.assert_array_equal(read((STANDARD, ADJUSTED)).columns.multiplier, [100, NAN])


def test_a_word_among_numbers_is_counted():
    rows = read((STANDARD, ADJUSTED), multiplier=("100", "many"))
    np.testing.assert_array_equal(rows.columns.multiplier, [100, NAN])
    assert rows.refused == {"unreadable_multiplier": 1}


@pytest.mark.parametrize("sent", ["0", "-100", "33.5", "1e10"])
def test_a_contract_with_an_impossible_multiplier_is_left_out(sent):
    rows = read((STANDARD, ADJUSTED), multiplier=(sent, "150"), spot=("98", "99"))
    assert rows.columns.ticker.tolist() == [f"O:{ADJUSTED}"]
    assert (rows.spot.tolist(), +rows.rejected) == ([99.0], {"bad_multiplier": 1})


@pytest.mark.parametrize(
    ("sent", "american", "refused"),
    [
        (("American", "european"), [1, 0], {}),
        (("A", "e"), [1, 0], {}),
        (("A", ""), [1, NAN], {}),
        (("A", "Bermudan"), [1, NAN], {"unreadable_exercise_style": 1}),
        (("weekly", "monthly"), [NAN, NAN], {}),  # a column with another meaning
    ],
)
def test_the_exercise_style_is_a_word_or_a_letter(sent, american, refused):
    rows = read((STANDARD, ADJUSTED), exercise_style=sent)
    np.testing.assert_array_equal(rows.columns.american, american)
    assert rows.refused == refused
