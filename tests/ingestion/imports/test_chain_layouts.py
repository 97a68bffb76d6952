"""Columns are recognised by their usual headers or as named; missing ones are listed in the error."""

from __future__ import annotations

import gzip
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from ingestion.imports import cells
from ingestion.imports.columns import UnknownLayout, find_columns
from ingestion.imports.contracts import read_contracts
from ingestion.imports.files import snapshots
from ingestion.imports.slot import NoSlot, slot_of
from ingestion.imports.units import to_warehouse_units
from quant.sessions import close_of
from tests.ingestion.imports.files import eod_file, eod_rows, quote_table
from tests.ingestion.pricing import EUROPEAN

DAY = date(2026, 11, 16)


@pytest.fixture
def read(tmp_path):
    def read(*lines: str, symbol: str | None = None, **named: str):
        path = tmp_path / "chain.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return list(snapshots(path, named, symbol))

    return read


def test_headers_are_compared_without_case_spaces_and_punctuation():
    header = ["[QUOTE_DATE]", " Strike Price", "Best Bid", "OFFER", "Open Int"]
    assert find_columns(header, {}) == {"quote_date": 0, "strike": 1, "bid": 2, "ask": 3, "open_interest": 4}


def test_missing_columns_are_named_in_the_error(read):
    sentence = (
        "chain.csv: no column was recognised as expiration, strike, bid; name it as --column expiration="
    )
    with pytest.raises(UnknownLayout) as error:
        read("date,type,ask,underlying", "2026-11-16,call,1,SPX")
    assert str(error.value) == sentence + '"its header"'


def test_a_column_can_be_named_by_its_header(read):
    named = {"strike": "K", "expiration": "ex", "underlying": "ul", "bid": "b", "ask": "a"}
    (snapshot,) = read("date,cp,K,ex,ul,b,a", "2026-11-16,C,2700,2026-12-18,SPX,1,2", **named)
    rows = read_contracts(snapshot.cells, None, Counter())
    assert rows.columns.ticker.tolist() == ["O:SPX261218C02700000"]
    assert (rows.columns.bid.tolist(), rows.columns.ask.tolist()) == ([1.0], [2.0])


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"strike": "Kurs"}, "the file has no column 'Kurs'; it has date, bid"),
        ({"colour": "date"}, "colour is not a name of a column"),
    ],
)
def test_a_column_that_does_not_exist_is_an_error(read, named, sentence):
    with pytest.raises(UnknownLayout, match=sentence):
        read("date,bid", "2026-11-16,1", **named)


def test_a_file_that_is_not_sorted_by_date_is_rejected(read):
    header = "date,contract,bid,ask"
    with pytest.raises(UnknownLayout, match="the rows of 2026-11-16 are not adjacent; sort the file by date"):
        read(header, "2026-11-16,x,1,2", "2026-11-17,x,1,2", "2026-11-16,x,1,2")


@pytest.mark.parametrize("name", ["chain.csv.gz", "chain.csv"])
def test_a_gzipped_file_is_recognised_by_its_content(tmp_path, name):
    plain = eod_file(tmp_path / "plain.csv", eod_rows(DAY, 0.2, date(2026, 12, 18)))
    path = tmp_path / name
    path.write_bytes(gzip.compress(plain.read_bytes()))
    (packed,), (snapshot,) = snapshots(path, {}, None), snapshots(plain, {}, None)
    assert packed.cells == snapshot.cells


def test_a_damaged_gzip_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "chain.csv.gz"
    whole = gzip.compress("\n".join(eod_rows(DAY, 0.2, date(2026, 12, 18))).encode())
    for damaged in (whole[: len(whole) // 2], whole[:40] + b"\xff" * 40 + whole[80:]):
        path.write_bytes(damaged)
        with pytest.raises(UnknownLayout, match=r"^chain\.csv\.gz"):
            list(snapshots(path, {}, None))


def test_a_quote_table_without_a_date_is_rejected(tmp_path):
    path = quote_table(tmp_path / "table.csv", [], stamp="yesterday")
    with pytest.raises(UnknownLayout, match="the lines above the quote table contain no date"):
        list(snapshots(path, {}, None))


def test_rows_without_a_ticker_are_read_from_their_terms(read):
    (snapshot,) = read(
        "date,underlying,type,expiration,strike,bid,ask",
        "11/16/2026,^SPX,call,12/18/2026,2700.5,1,2",
        "11/16/2026,^SPX,future,12/18/2026,2700,1,2",
        "11/16/2026,^SPX,put,soon,2700,1,2",
        "11/16/2026,^SPX,put,12/18/2026,0,1,2",
    )
    rows = read_contracts(snapshot.cells, None, Counter())
    assert rows.columns.ticker.tolist() == ["O:SPX261218C02700500"]
    assert +rows.rejected == {"not_call_or_put": 1, "no_expiration": 1, "no_strike": 1}


@pytest.mark.parametrize(
    ("cell", "slot"),
    [
        ("2026-11-16", datetime(2026, 11, 16, 21, 0, tzinfo=UTC)),
        ("11/27/2026", datetime(2026, 11, 27, 18, 0, tzinfo=UTC)),  # closes at 13:00
        ("2026-11-16 15:44:59", datetime(2026, 11, 16, 20, 30, tzinfo=UTC)),
        ("2026-11-16T15:45", datetime(2026, 11, 16, 20, 45, tzinfo=UTC)),
        ("November 16 2026 4:31 PM", datetime(2026, 11, 16, 21, 0, tzinfo=UTC)),
    ],
)
def test_a_date_means_the_close_and_a_time_the_slot_before_it(cell, slot):
    assert slot_of(cell) == slot


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("2026-11-15", "2026-11-15 is not a session of the exchange"),
        ("2026-11-16 09:00", "2026-11-16 09:00 is before the session's open"),
        ("someday", "'someday' is not a date"),
    ],
)
def test_a_date_without_a_slot_is_an_error(cell, sentence):
    with pytest.raises(NoSlot, match=sentence):
        slot_of(cell)


def test_numbers_with_separators_and_currency_signs_are_read():
    values, unreadable = cells.numbers(["1,234.5", "$2", "", "n/a", "three", "inf"])
    np.testing.assert_array_equal(values, [1234.5, 2, np.nan, np.nan, np.nan, np.nan])
    assert unreadable == 2


@pytest.fixture
def checked(tmp_path):
    path = eod_file(tmp_path / "eod.csv", eod_rows(DAY, 0.20, date(2026, 12, 16)))
    (snapshot,) = snapshots(path, {}, None)
    return read_contracts(snapshot.cells, None, Counter()).for_underlying(np.ones(6, dtype=bool), ["SPXW"])


@pytest.mark.parametrize(
    ("column", "factor", "unit"),
    [
        ("theta", 1 / 365, "per calendar day"),
        ("theta", 1 / 252, "per trading day"),
        ("vega", 1 / 100, "per point"),
        ("implied_volatility", 100, "percent"),
    ],
)
def test_the_unit_of_a_column_is_found_from_its_numbers(checked, column, factor, unit):
    rows, spot = checked
    unchanged = to_warehouse_units(rows, spot, close_of(DAY), {}, EUROPEAN)
    other = replace(rows, columns=replace(rows.columns, **{column: getattr(rows.columns, column) * factor}))
    named = to_warehouse_units(other, spot, close_of(DAY), {}, EUROPEAN)
    assert named.units[column] == unit
    expected, converted_values = (getattr(units.checked.columns, column) for units in (unchanged, named))
    np.testing.assert_allclose(converted_values, expected, rtol=1e-9)


def test_a_column_of_unknown_unit_is_removed_unless_found_earlier(checked):
    rows, spot = checked
    unknown_unit = replace(rows, columns=replace(rows.columns, vega=rows.columns.vega * 7))
    named = to_warehouse_units(unknown_unit, spot, close_of(DAY), {}, EUROPEAN)
    assert np.isnan(named.checked.columns.vega).all()
    assert named.checked.refused["vega_in_unknown_unit"] == 6
    before = to_warehouse_units(unknown_unit, spot, close_of(DAY), {"vega": "per point"}, EUROPEAN)
    assert before.units["vega"] == "per point"
