"""Columns are find_columns by their usual names, or as told; what is missing is asked for in one sentence."""

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

DAY = date(2026, 11, 16)


@pytest.fixture
def read(tmp_path):
    def read(*lines: str, symbol: str | None = None, **told: str):
        path = tmp_path / "chain.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return list(snapshots(path, told, symbol))

    return read


def test_names_are_compared_without_case_spaces_and_signs():
    header = ["[QUOTE_DATE]", " Strike Price", "Best Bid", "OFFER", "Open Int"]
    assert find_columns(header, {}) == {"quote_date": 0, "strike": 1, "bid": 2, "ask": 3, "open_interest": 4}


def test_what_is_missing_is_named(read):
    sentence = (
        "chain.csv: no column was find_columns as expiration, strike, bid; name it as --column expiration="
    )
    with pytest.raises(UnknownLayout) as error:
        read("date,type,ask,underlying", "2026-11-16,call,1,SPX")
    assert str(error.value) == sentence + '"its header"'


def test_a_column_told_by_its_header_is_taken(read):
    told = {"strike": "K", "expiration": "ex", "underlying": "ul", "bid": "b", "ask": "a"}
    (found,) = read("date,cp,K,ex,ul,b,a", "2026-11-16,C,2700,2026-12-18,SPX,1,2", **told)
    rows = read_contracts(found.cells, None, Counter())
    assert rows.columns.ticker.tolist() == ["O:SPX261218C02700000"]
    assert (rows.columns.bid.tolist(), rows.columns.ask.tolist()) == ([1.0], [2.0])


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"strike": "Kurs"}, "the file has no column 'Kurs'; it has date, bid"),
        ({"colour": "date"}, "there is no column to be named colour"),
    ],
)
def test_a_column_that_does_not_exist_gets_a_sentence(read, told, sentence):
    with pytest.raises(UnknownLayout, match=sentence):
        read("date,bid", "2026-11-16,1", **told)


def test_a_file_that_is_not_sorted_by_date_is_refused(read):
    header = "date,contract,bid,ask"
    with pytest.raises(
        UnknownLayout, match="the rows of 2026-11-16 do not stand together; sort the file by date"
    ):
        read(header, "2026-11-16,x,1,2", "2026-11-17,x,1,2", "2026-11-16,x,1,2")


@pytest.mark.parametrize("name", ["chain.csv.gz", "chain.csv"])
def test_a_gzipped_file_is_known_by_its_bytes(tmp_path, name):
    plain = eod_file(tmp_path / "plain.csv", eod_rows(DAY, 0.2, date(2026, 12, 18)))
    path = tmp_path / name
    path.write_bytes(gzip.compress(plain.read_bytes()))
    (packed,), (found,) = snapshots(path, {}, None), snapshots(plain, {}, None)
    assert packed.cells == found.cells


def test_a_damaged_gzip_gets_a_sentence(tmp_path):
    path = tmp_path / "chain.csv.gz"
    whole = gzip.compress("\n".join(eod_rows(DAY, 0.2, date(2026, 12, 18))).encode())
    for damaged in (whole[: len(whole) // 2], whole[:40] + b"\xff" * 40 + whole[80:]):
        path.write_bytes(damaged)
        with pytest.raises(UnknownLayout, match=r"^chain\.csv\.gz"):
            list(snapshots(path, {}, None))


def test_a_quote_table_without_its_date_is_refused(tmp_path):
    path = quote_table(tmp_path / "table.csv", [], stamp="yesterday")
    with pytest.raises(UnknownLayout, match="the quote table names no date"):
        list(snapshots(path, {}, None))


def test_contracts_are_made_of_their_terms_where_no_ticker_stands(read):
    (found,) = read(
        "date,underlying,type,expiration,strike,bid,ask",
        "11/16/2026,^SPX,call,12/18/2026,2700.5,1,2",
        "11/16/2026,^SPX,future,12/18/2026,2700,1,2",
        "11/16/2026,^SPX,put,soon,2700,1,2",
        "11/16/2026,^SPX,put,12/18/2026,0,1,2",
    )
    rows = read_contracts(found.cells, None, Counter())
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
def test_a_date_is_its_sessions_close_and_a_time_the_slot_before_it(cell, slot):
    assert slot_of(cell) == slot


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("2026-11-15", "2026-11-15 is no session of the exchange"),
        ("2026-11-16 09:00", "2026-11-16 09:00 is before the session's open"),
        ("someday", "'someday' is no date"),
    ],
)
def test_a_date_without_a_slot_gets_a_sentence(cell, sentence):
    with pytest.raises(NoSlot, match=sentence):
        slot_of(cell)


def test_numbers_are_read_as_people_write_them():
    values, unreadable = cells.numbers(["1,234.5", "$2", "", "n/a", "three", "inf"])
    np.testing.assert_array_equal(values, [1234.5, 2, np.nan, np.nan, np.nan, np.nan])
    assert unreadable == 2


@pytest.fixture
def checked(tmp_path):
    path = eod_file(tmp_path / "eod.csv", eod_rows(DAY, 0.20, date(2026, 12, 16)))
    (found,) = snapshots(path, {}, None)
    return read_contracts(found.cells, None, Counter()).of(np.ones(6, dtype=bool), ["SPXW"])


@pytest.mark.parametrize(
    ("column", "factor", "unit"),
    [
        ("theta", 1 / 365, "per calendar day"),
        ("theta", 1 / 252, "per trading day"),
        ("vega", 1 / 100, "per point"),
        ("implied_volatility", 100, "percent"),
    ],
)
def test_the_unit_of_a_column_is_told_by_its_numbers(checked, column, factor, unit):
    rows, spot = checked
    as_it_is = to_warehouse_units(rows, spot, close_of(DAY), {})
    other = replace(rows, columns=replace(rows.columns, **{column: getattr(rows.columns, column) * factor}))
    told = to_warehouse_units(other, spot, close_of(DAY), {})
    assert told.said[column] == unit
    ours, theirs = (getattr(units.checked.columns, column) for units in (as_it_is, told))
    np.testing.assert_allclose(theirs, ours, rtol=1e-9)


def test_a_column_in_no_known_unit_is_not_believed_unless_the_file_told_before(checked):
    rows, spot = checked
    strange = replace(rows, columns=replace(rows.columns, vega=rows.columns.vega * 7))
    told = to_warehouse_units(strange, spot, close_of(DAY), {})
    assert np.isnan(told.checked.columns.vega).all()
    assert told.checked.refused["vega_in_unknown_unit"] == 6
    before = to_warehouse_units(strange, spot, close_of(DAY), {"vega": "per point"})
    assert before.said["vega"] == "per point"
