"""Checks of chain rows: foreign contracts are removed and counted, impossible numbers become NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ingestion.chains.chain_columns import check_chain
from provider.records import ChainRow, Details
from tests.ingestion.chain_rows import DAY_NS, MIDNIGHT_NS, SESSION, make_row

SPX_ROOTS = ("SPX", "SPXW")


def check(*rows, roots=SPX_ROOTS):
    return check_chain(rows, roots, SESSION)


def test_columns_come_in_ticker_order_with_calls_before_puts():
    checked = check(make_row(6500, is_call=False), make_row(6500), make_row(6000))
    assert checked.columns.ticker.tolist() == [
        "O:SPXW261218C06000000",
        "O:SPXW261218C06500000",
        "O:SPXW261218P06500000",
    ]
    assert checked.columns.is_call.tolist() == [True, True, False]
    assert checked.columns.strike.tolist() == [6000.0, 6500.0, 6500.0]
    assert checked.rejected == {}
    assert checked.refused == {}


def test_a_minimal_row_has_only_the_terms_of_the_contract():
    bare = ChainRow(Details("O:SPX261218P01200000", "put", make_row().details.expiration_date, 1200.0))
    columns = check(bare).columns
    absent = ("bid", "ask", "last", "volume", "open_interest", "delta", "gamma", "theta", "vega")
    assert all(math.isnan(getattr(columns, name)[0]) for name in (*absent, "implied_volatility"))
    assert columns.multiplier.tolist() == [100.0]
    assert columns.root.tolist() == ["SPX"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (make_row(ticker="SPX?"), "bad_ticker"),
        (make_row(root="NDX"), "unknown_root"),
        (make_row(contract_type="other"), "not_call_or_put"),
    ],
    ids=["ticker", "root", "type"],
)
def test_a_contract_of_another_root_is_rejected_with_its_reason(row, reason):
    checked = check(make_row(6000), row)
    assert checked.rejected == {reason: 1}
    assert checked.columns.strike.tolist() == [6000.0]


def test_an_adjusted_root_belongs_to_its_underlying():
    checked = check(make_row(root="AMD1"), make_row(root="AMD"), make_row(root="AMDX"), roots=["AMD"])
    assert checked.columns.root.tolist() == ["AMD1", "AMD"]
    assert checked.rejected == {"unknown_root": 1}


@pytest.mark.parametrize("multiplier", [33.3, 0, -100, 1e12, math.inf])
def test_a_contract_with_an_impossible_multiplier_is_rejected(multiplier):
    checked = check(make_row(6000, multiplier=multiplier), make_row(6100))
    assert checked.columns.strike.tolist() == [6100.0]
    assert checked.rejected == {"bad_multiplier": 1}


def test_a_contract_listed_twice_counts_once():
    checked = check(make_row(6000, bid=1.0), make_row(6000, bid=2.0))
    assert checked.columns.bid.tolist() == [1.0]
    assert checked.rejected == {"duplicate": 1}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("bid", -0.05, "negative_bid"),
        ("ask", -1.0, "negative_ask"),
        ("implied_volatility", -0.2, "negative_implied_volatility"),
        ("open_interest", -1, "negative_open_interest"),
        ("open_interest", 12.5, "fractional_open_interest"),
        ("volume", 0.25, "fractional_volume"),
        ("volume", 1e20, "huge_volume"),
        ("bid", 1e300, "huge_bid"),
        ("ask", 1e12, "huge_ask"),
    ],
)
def test_an_impossible_number_becomes_nan_and_is_counted(field, value, reason):
    checked = check(make_row(**{field: value}))
    assert math.isnan(getattr(checked.columns, field)[0])
    assert checked.refused == {reason: 1}
    assert checked.rejected == {}


def test_a_bar_of_an_earlier_day_means_no_volume_today():
    checked = check(
        make_row(6000, volume=50, volume_day_ns=MIDNIGHT_NS),
        make_row(6100, volume=70, volume_day_ns=MIDNIGHT_NS - DAY_NS),
        make_row(6200, volume=None, volume_day_ns=None),
    )
    np.testing.assert_array_equal(checked.columns.volume, [50.0, 0.0, math.nan])


def test_an_empty_chain_has_no_rows_and_no_rejections():
    checked = check()
    assert len(checked.columns) == 0
    assert checked.rejected == {}
