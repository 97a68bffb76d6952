"""Results of every SELECT of the project documents, executed verbatim on a few rows.

The queries use NOW(), so the timestamps of the rows are relative to the real clock.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection

from tests import documents
from tests.roles import as_role, run
from tests.warehouse.rows import HOUR_MS, MINUTE_MS, add_gamma, add_greeks, add_iv, add_regime, add_trade, ago

pytestmark = [pytest.mark.database, pytest.mark.django_db]

DAY_MS = 24 * HOUR_MS
TODAY = dt.datetime.now(dt.UTC).date()


def read(sql: str) -> list[dict[str, object]]:
    """Execute a query with the reader role and return its rows as dicts."""
    with as_role("warehouse_reader"), connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def trades():
    """Add trades 2, 3, 4, 30, 90 and 300 minutes ago; the one of 3 minutes ago has another symbol."""
    return {
        "now": add_trade(ago(2 * MINUTE_MS), 1, premium=500_000, is_sweep=True, is_block=True, size=100),
        "four": add_trade(
            ago(4 * MINUTE_MS), 2, premium=20_000, sentiment="BEARISH", size=10, trade_type="SPLIT"
        ),
        "half": add_trade(
            ago(30 * MINUTE_MS), 3, premium=900_000, is_sweep=True, size=40, trade_type="SWEEP"
        ),
        "two": add_trade(ago(90 * MINUTE_MS), 4, premium=70_000, size=30, trade_type="LARGE"),
        "five": add_trade(ago(5 * HOUR_MS), 5, premium=5_000_000, is_sweep=True, size=500),
        "ndx": add_trade(ago(3 * MINUTE_MS), 6, symbol="NDX", premium=1_000, size=11, trade_type="REGULAR"),
    }


def test_latest_iv_percentile_has_the_documented_columns():
    add_iv(TODAY - dt.timedelta(days=1), current_iv=0.25, iv_rank=0.9, iv_percentile=0.95, iv_regime="HIGH")
    add_iv(TODAY, current_iv=0.18, iv_rank=0.62, iv_percentile=0.68, iv_regime="HIGH")
    add_iv(TODAY, symbol="NDX", current_iv=0.3)
    assert read(documents.LATEST_IV) == [
        {"symbol": "SPX", "current_iv": 0.18, "iv_rank": 0.62, "iv_percentile": 0.68, "iv_regime": "HIGH"}
    ]


def test_greeks_of_52_weeks():
    newest, older = add_greeks(ago(HOUR_MS)), add_greeks(ago(300 * DAY_MS))
    add_greeks(ago(364 * DAY_MS + HOUR_MS))
    add_greeks(ago(HOUR_MS), symbol="NDX")
    found = read(documents.GREEKS_52_WEEKS)
    assert [row["id"] for row in found] == [newest.id, older.id]


def test_flow_summary_has_the_documented_columns(trades):
    assert read(documents.FLOW_SUMMARY) == [
        {
            "symbol": "SPX",
            "total_sweeps": 2,
            "bullish_sweeps": 2,
            "bearish_sweeps": 0,
            "total_premium": Decimal(1_420_000),
            "smart_money_bias": "BULLISH",
            "side_coverage": 0.0,
            "side_accuracy": "57-64 %",
        }
    ]


def test_sweeps_of_the_last_day(trades):
    found = read(documents.SWEEPS_OF_A_DAY)
    assert [row["sequence_number"] for row in found] == [5, 3, 1]


def test_distribution_of_iv_regimes():
    for days, regime in enumerate(["HIGH", "HIGH", "LOW"]):
        add_iv(TODAY - dt.timedelta(days=days), iv_regime=regime)
    found = read(documents.IV_REGIMES)
    assert {row["iv_regime"]: row["count"] for row in found} == {"HIGH": 2, "LOW": 1}


def test_latest_gamma_exposure_has_the_documented_columns():
    add_gamma(ago(HOUR_MS), dealer_positioning="LONG_GAMMA")
    add_gamma(
        ago(0),
        dealer_positioning="SHORT_GAMMA",
        gamma_wall_resistance=690,
        gamma_wall_support=680,
        expected_behavior="TRENDING",
    )
    assert read(documents.LATEST_GAMMA) == [
        {
            "symbol": "SPX",
            "dealer_positioning": "SHORT_GAMMA",
            "gamma_wall_resistance": Decimal(690),
            "gamma_wall_support": Decimal(680),
            "expected_behavior": "TRENDING",
        }
    ]


def test_gamma_walls_of_seven_days():
    first = add_gamma(ago(6 * DAY_MS), gamma_wall_resistance=6475, gamma_wall_support=6400)
    last = add_gamma(ago(HOUR_MS), gamma_wall_resistance=6500, gamma_wall_support=6425)
    add_gamma(ago(8 * DAY_MS), gamma_wall_resistance=1, gamma_wall_support=1)
    found = read(documents.GAMMA_WALLS)
    assert [tuple(row.values()) for row in found] == [
        (first.timestamp, 6475, 6400),
        (last.timestamp, 6500, 6425),
    ]


def test_current_market_regime():
    add_regime(TODAY - dt.timedelta(days=1), market_regime="CHOPPY")
    add_regime(
        TODAY, market_regime="WEAK_UPTREND", vix_level=17.5, vix_regime="NORMAL", confidence_score=72.5
    )
    assert read(documents.CURRENT_REGIME) == [
        {
            "date": TODAY,
            "market_regime": "WEAK_UPTREND",
            "vix_level": Decimal("17.5"),
            "vix_regime": "NORMAL",
            "breadth_regime": None,
            "confidence_score": 72.5,
        }
    ]


def test_distribution_of_vix_regimes():
    add_regime(TODAY, vix_regime="ELEVATED")
    add_regime(TODAY - dt.timedelta(days=300), vix_regime="ELEVATED")
    add_regime(TODAY - dt.timedelta(days=400), vix_regime="LOW")
    found = read(documents.VIX_REGIMES)
    assert found == [{"vix_regime": "ELEVATED", "count": 2}]


def test_warehouse_metrics_show_dates_as_epoch_milliseconds():
    """The documents have `MAX(date)::text::bigint`, which fails: the text of a date is not a number."""
    at = ago(HOUR_MS)
    add_greeks(at)
    add_greeks(at, ticker="O:SPX251219P06475000")
    add_gamma(at, symbol="NDX")
    add_iv("2026-11-20")
    found = read(documents.TABLE_SIZES)
    assert {tuple(row.values()) for row in found} == {
        ("historical_greeks", 2, 1, at),
        ("gamma_exposure_snapshots", 1, 1, at),
        ("iv_percentile_cache", 1, 1, 1_795_132_800_000),
    }


def test_flow_of_the_last_hour(trades):
    found = read(documents.FLOW_OF_AN_HOUR)
    ticker = "O:SPX251219C06475000"
    assert [tuple(row.values())[1:] for row in found] == [
        (ticker, "BLOCK", "BULLISH", "AGGRESSIVE", 100, 500_000, True, True),
        (ticker, "SPLIT", "BEARISH", "AGGRESSIVE", 10, 20_000, False, False),
        (ticker, "SWEEP", "BULLISH", "AGGRESSIVE", 40, 900_000, True, False),
    ]


def test_flow_of_four_hours_by_sentiment(trades):
    found = read(documents.FLOW_OF_FOUR_HOURS)
    assert [tuple(row.values()) for row in found] == [
        ("SPX", "BULLISH", 3, 170, 1_470_000, 2, 1),
        ("SPX", "BEARISH", 1, 10, 20_000, 0, 0),
        ("NDX", "BULLISH", 1, 11, 1_000, 0, 0),
    ]


def test_twenty_largest_premiums_of_the_day(trades):
    found = read(documents.LARGEST_PREMIUMS)
    assert [row["premium"] for row in found] == [5_000_000, 900_000, 500_000, 70_000, 20_000, 1_000]


def test_trades_of_five_minutes_by_symbol(trades):
    found = read(documents.TRADES_OF_FIVE_MINUTES)
    assert {row["symbol"]: row["count"] for row in found} == {"SPX": 2, "NDX": 1}


def test_the_documented_cleanup_statement_runs():
    with as_role("warehouse_writer"):
        assert run("SELECT cleanup_old_flow();  -- Manually trigger cleanup") == [(0,)]
