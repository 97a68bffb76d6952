"""Outcomes that count in totals over detectors."""

from __future__ import annotations

from backtest.report.counted import counted_once
from tests.backtest.outcome_rows import FIRST, columns, traded

TWIN, LOWER = "index_mean_reversion_long", "mean_reversion_long"


def counted(*rows: dict) -> list[bool]:
    return counted_once(columns([traded(FIRST, 1.0, **row) for row in rows])).tolist()


def test_twins_of_one_family_count_once_under_the_lowest_number():
    assert counted({"detector": TWIN}, {"detector": LOWER}) == [False, True]
    assert counted({"detector": LOWER}, {"detector": TWIN}, {"detector": TWIN, "hour": 16}) == [
        True,
        False,
        True,
    ]


def test_other_firings_of_a_bar_all_count():
    assert (
        counted(
            {"detector": LOWER},
            {"detector": TWIN, "direction": -1},
            {"detector": TWIN, "symbol": "QQQ"},
            {"detector": TWIN, "disposition": "BLOCKED"},
            {"detector": "breakout_bullish"},
        )
        == [True] * 5
    )


def test_a_pin_and_a_change_of_volatility_never_count():
    assert counted({"detector": "eod_pin_setup"}, {"detector": "iv_crush"}, {"detector": LOWER}) == [
        False,
        False,
        True,
    ]


def test_no_outcome_counts_for_nothing():
    assert counted() == []
