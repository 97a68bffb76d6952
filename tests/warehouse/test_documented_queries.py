"""Every SELECT the project's documents print, word for word, on a few rows whose answers are known.

The documents ask by NOW(), so the rows are laid around the real clock.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection

from tests.roles import as_role, run
from tests.warehouse.rows import HOUR_MS, MINUTE_MS, add_gamma, add_greeks, add_iv, add_print, add_regime, ago

pytestmark = [pytest.mark.database, pytest.mark.django_db]

DAY_MS = 24 * HOUR_MS
TODAY = dt.datetime.now(dt.UTC).date()


def read(sql: str) -> list[dict[str, object]]:
    """Rows by column name, as the reader role sees them."""
    with as_role("warehouse_reader"), connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def prints():
    """Prints of the last five minutes, half hour, two hours and five hours, and one of another symbol."""
    return {
        "now": add_print(ago(2 * MINUTE_MS), 1, premium=500_000, is_sweep=True, is_block=True, size=100),
        "four": add_print(
            ago(4 * MINUTE_MS), 2, premium=20_000, sentiment="BEARISH", size=10, trade_type="SPLIT"
        ),
        "half": add_print(
            ago(30 * MINUTE_MS), 3, premium=900_000, is_sweep=True, size=40, trade_type="SWEEP"
        ),
        "two": add_print(ago(90 * MINUTE_MS), 4, premium=70_000, size=30, trade_type="LARGE"),
        "five": add_print(ago(5 * HOUR_MS), 5, premium=5_000_000, is_sweep=True, size=500),
        "ndx": add_print(ago(3 * MINUTE_MS), 6, symbol="NDX", premium=1_000, size=11, trade_type="REGULAR"),
    }


def test_latest_iv_percentile_and_the_columns_of_the_documents_record():
    add_iv(TODAY - dt.timedelta(days=1), current_iv=0.25, iv_rank=0.9, iv_percentile=0.95, iv_regime="HIGH")
    add_iv(TODAY, current_iv=0.18, iv_rank=0.62, iv_percentile=0.68, iv_regime="HIGH")
    add_iv(TODAY, symbol="NDX", current_iv=0.3)
    assert read("SELECT * FROM get_latest_iv_percentile('SPX');") == [
        {"symbol": "SPX", "current_iv": 0.18, "iv_rank": 0.62, "iv_percentile": 0.68, "iv_regime": "HIGH"}
    ]


def test_52_weeks_of_greeks():
    newest, older = add_greeks(ago(HOUR_MS)), add_greeks(ago(300 * DAY_MS))
    add_greeks(ago(364 * DAY_MS + HOUR_MS))
    add_greeks(ago(HOUR_MS), symbol="NDX")
    found = read("""
        SELECT * FROM historical_greeks
        WHERE symbol = 'SPX'
          AND timestamp >= EXTRACT(EPOCH FROM (NOW() - INTERVAL '52 weeks'))::BIGINT * 1000
        ORDER BY timestamp DESC;
    """)
    assert [row["id"] for row in found] == [newest.id, older.id]


def test_flow_summary_and_the_columns_of_the_documents_record(prints):
    assert read("SELECT * FROM get_flow_summary('SPX', 60);") == [
        {
            "symbol": "SPX",
            "total_sweeps": 2,
            "bullish_sweeps": 2,
            "bearish_sweeps": 0,
            "total_premium": Decimal(1_420_000),
            "smart_money_bias": "BULLISH",
        }
    ]


def test_sweeps_of_the_last_day(prints):
    found = read("""
        SELECT * FROM options_flow_history
        WHERE symbol = 'SPX'
          AND is_sweep = true
          AND timestamp >= EXTRACT(EPOCH FROM (NOW() - INTERVAL '24 hours'))::BIGINT * 1000
        ORDER BY premium DESC;
    """)
    assert [row["sequence_number"] for row in found] == [5, 3, 1]


def test_distribution_of_iv_regimes():
    for days, regime in enumerate(["HIGH", "HIGH", "LOW"]):
        add_iv(TODAY - dt.timedelta(days=days), iv_regime=regime)
    found = read("""
        SELECT iv_regime, COUNT(*) FROM iv_percentile_cache
        WHERE symbol = 'SPX'
        GROUP BY iv_regime;
    """)
    assert {row["iv_regime"]: row["count"] for row in found} == {"HIGH": 2, "LOW": 1}


def test_latest_gamma_exposure_and_the_columns_of_the_documents_record():
    add_gamma(ago(HOUR_MS), dealer_positioning="LONG_GAMMA")
    add_gamma(
        ago(0),
        dealer_positioning="SHORT_GAMMA",
        gamma_wall_resistance=690,
        gamma_wall_support=680,
        expected_behavior="TRENDING",
    )
    assert read("SELECT * FROM get_latest_gamma_exposure('SPX');") == [
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
    found = read("""
        SELECT timestamp, gamma_wall_resistance, gamma_wall_support
        FROM gamma_exposure_snapshots
        WHERE symbol = 'SPX'
          AND timestamp >= EXTRACT(EPOCH FROM (NOW() - INTERVAL '7 days'))::BIGINT * 1000
        ORDER BY timestamp;
    """)
    assert [tuple(row.values()) for row in found] == [
        (first.timestamp, 6475, 6400),
        (last.timestamp, 6500, 6425),
    ]


def test_current_market_regime():
    add_regime(TODAY - dt.timedelta(days=1), market_regime="CHOPPY")
    add_regime(
        TODAY, market_regime="WEAK_UPTREND", vix_level=17.5, vix_regime="NORMAL", confidence_score=72.5
    )
    assert read("SELECT * FROM get_current_market_regime();") == [
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
    found = read("""
        SELECT vix_regime, COUNT(*) FROM market_regime_history
        WHERE date >= CURRENT_DATE - INTERVAL '1 year'
        GROUP BY vix_regime;
    """)
    assert found == [{"vix_regime": "ELEVATED", "count": 2}]


def test_warehouse_metrics_with_the_date_as_epoch_ms():
    """As printed, `MAX(date)::text::bigint` is no SQL: a date's text is no number."""
    at = ago(HOUR_MS)
    add_greeks(at)
    add_greeks(at, ticker="O:SPX251219P06475000")
    add_gamma(at, symbol="NDX")
    add_iv("2026-11-20")
    found = read("""
        SELECT
          'historical_greeks' as table_name,
          COUNT(*) as rows,
          COUNT(DISTINCT symbol) as symbols,
          MAX(timestamp) as latest_timestamp
        FROM historical_greeks
        UNION ALL
        SELECT
          'gamma_exposure_snapshots',
          COUNT(*),
          COUNT(DISTINCT symbol),
          MAX(timestamp)
        FROM gamma_exposure_snapshots
        UNION ALL
        SELECT
          'iv_percentile_cache',
          COUNT(*),
          COUNT(DISTINCT symbol),
          EXTRACT(EPOCH FROM MAX(date))::bigint * 1000
        FROM iv_percentile_cache;
    """)
    assert {tuple(row.values()) for row in found} == {
        ("historical_greeks", 2, 1, at),
        ("gamma_exposure_snapshots", 1, 1, at),
        ("iv_percentile_cache", 1, 1, 1_795_132_800_000),
    }


def test_flow_of_the_last_hour(prints):
    found = read("""
        SELECT
          timestamp,
          contract_ticker,
          trade_type,
          sentiment,
          aggressiveness,
          size,
          premium,
          is_sweep,
          is_block
        FROM options_flow_history
        WHERE
          symbol = 'SPX'
          AND timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '1 hour')::BIGINT * 1000
        ORDER BY timestamp DESC
        LIMIT 50;
    """)
    ticker = "O:SPX251219C06475000"
    assert [tuple(row.values())[1:] for row in found] == [
        (ticker, "BLOCK", "BULLISH", "AGGRESSIVE", 100, 500_000, True, True),
        (ticker, "SPLIT", "BEARISH", "AGGRESSIVE", 10, 20_000, False, False),
        (ticker, "SWEEP", "BULLISH", "AGGRESSIVE", 40, 900_000, True, False),
    ]


def test_flow_of_four_hours_by_sentiment(prints):
    found = read("""
        SELECT
          symbol,
          sentiment,
          COUNT(*) as trade_count,
          SUM(size) as total_size,
          SUM(premium) as total_premium,
          SUM(CASE WHEN is_sweep THEN 1 ELSE 0 END) as sweeps,
          SUM(CASE WHEN is_block THEN 1 ELSE 0 END) as blocks
        FROM options_flow_history
        WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '4 hours')::BIGINT * 1000
        GROUP BY symbol, sentiment
        ORDER BY total_premium DESC;
    """)
    assert [tuple(row.values()) for row in found] == [
        ("SPX", "BULLISH", 3, 170, 1_470_000, 2, 1),
        ("SPX", "BEARISH", 1, 10, 20_000, 0, 0),
        ("NDX", "BULLISH", 1, 11, 1_000, 0, 0),
    ]


def test_twenty_largest_premiums_of_the_day(prints):
    found = read("""
        SELECT
          timestamp,
          symbol,
          contract_ticker,
          trade_type,
          sentiment,
          size,
          premium,
          is_sweep,
          is_block,
          is_above_ask,
          aggressiveness
        FROM options_flow_history
        WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '24 hours')::BIGINT * 1000
        ORDER BY premium DESC
        LIMIT 20;
    """)
    assert [row["premium"] for row in found] == [5_000_000, 900_000, 500_000, 70_000, 20_000, 1_000]


def test_prints_of_five_minutes_by_symbol(prints):
    found = read(
        "SELECT COUNT(*), symbol FROM options_flow_history WHERE timestamp > "
        "EXTRACT(EPOCH FROM NOW() - INTERVAL '5 minutes')::BIGINT * 1000 GROUP BY symbol;"
    )
    assert {row["symbol"]: row["count"] for row in found} == {"SPX": 2, "NDX": 1}


def test_cleanup_by_hand():
    with as_role("warehouse_writer"):
        assert run("SELECT cleanup_old_flow();  -- Manually trigger cleanup") == [(0,)]
