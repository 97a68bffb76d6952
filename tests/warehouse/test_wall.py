"""The wall: what warehouse_reader and warehouse_web see of each table after `SET warehouse.as_of_ms`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from tests.roles import as_role, run
from tests.warehouse.rows import (
    HOUR_MS,
    MINUTE_MS,
    add_action,
    add_bar,
    add_curve,
    add_event,
    add_gamma,
    add_greeks,
    add_iv,
    add_regime,
    add_signal,
    add_surface_point,
    add_term,
    add_trade,
    ago,
)
from warehouse import watchlist
from warehouse.models import (
    ConfluenceBar,
    ExpirationGamma,
    FlowDay,
    FlowOpeningDay,
    FlowSlot,
    GammaDay,
    GammaSlot,
    OptionsFlow,
    Pattern,
    PatternMatch,
    SignalEvent,
    SupersededRow,
)

pytestmark = [pytest.mark.database, pytest.mark.django_db]

DAY = dt.date(2026, 11, 18)
WALLED = (
    "corporate_actions",
    "expiration_curve",
    "flow_daily",
    "flow_opening_daily",
    "flow_slots",
    "gamma_by_expiration",
    "gamma_daily",
    "gamma_exposure_snapshots",
    "gamma_slots",
    "historical_bars",
    "historical_greeks",
    "iv_percentile_cache",
    "iv_surface_daily",
    "iv_term_daily",
    "market_events",
    "market_regime_history",
    "options_flow_history",
    "superseded_rows",
    *("signals", "signal_events", "pattern_matches", "confluence_bars"),
)


def zeros(model: type) -> dict[str, Any]:
    """Return 0 or a text for each required column of sums."""
    left_out = ("id", "symbol", "timestamp", "date", "known_at")
    return {
        field.name: "test" if field.name == "method_version" else 0
        for field in model._meta.concrete_fields
        if not field.null and field.name not in left_out
    }


def add_everything(timestamp: int, known_at: int) -> None:
    """Add one row to each walled table."""
    known = {"known_at": known_at}
    day = {"symbol": "SPX", "date": DAY}
    add_greeks(timestamp, **known)
    add_trade(timestamp, **known)
    add_bar(timestamp, **known)
    add_action(DAY, **known)
    add_curve(timestamp, **known)
    add_gamma(timestamp, **known)
    add_iv(DAY, **known)
    add_regime(DAY, **known)
    FlowDay.objects.create(**day, **known, **zeros(FlowDay))
    FlowOpeningDay.objects.create(**day, **known, **zeros(FlowOpeningDay) | {"next_date": DAY})
    GammaDay.objects.create(**day, **known, **zeros(GammaDay))
    FlowSlot.objects.create(symbol="SPX", timestamp=timestamp, **known, **zeros(FlowSlot))
    GammaSlot.objects.create(
        symbol="SPX", timestamp=timestamp, oi_source="provider", method_version="1", **known
    )
    ExpirationGamma.objects.create(
        symbol="SPX", timestamp=timestamp, root="SPX", expiration=DAY, dte=0, bucket="ZERO_DTE", contracts=1,
        oi_source="provider", method_version="1", **known,
    )  # fmt: skip
    add_surface_point(DAY, **known)
    add_term(DAY, **known)
    add_event(DAY, **known)
    signal = add_signal(bar_end=timestamp, **known)
    SignalEvent.objects.create(
        signal=signal, symbol="SPY", kind="ENTERED", timestamp=timestamp, details={}, **known
    )
    pattern = Pattern.objects.create(name="test", description="", conditions={}, status="active")
    PatternMatch.objects.create(
        pattern=pattern, symbol="SPY", date=DAY, bar_end=timestamp, values={}, **known
    )
    ConfluenceBar.objects.create(
        symbol="SPY", bar_end=timestamp, side=0, components={}, method_version="test", **known
    )
    SupersededRow.objects.create(table_name="t", key={}, row={}, known_at=known_at, superseded_at=known_at)


def counts() -> dict[str, int]:
    return {table: run(f"SELECT count(*) FROM {table}")[0][0] for table in WALLED}


def as_of(at_ms: int) -> None:
    run("SELECT set_config('warehouse.as_of_ms', %s, true)", str(at_ms))


@pytest.mark.parametrize("role", ["warehouse_reader", "warehouse_web"])
def test_later_rows_are_hidden_in_every_table(role):
    known_at = ago(MINUTE_MS)
    add_everything(ago(2 * MINUTE_MS), known_at)
    with as_role(role):
        assert counts() == dict.fromkeys(WALLED, 1)
        as_of(known_at)
        assert counts() == dict.fromkeys(WALLED, 1)
        as_of(known_at - 1)
        assert counts() == dict.fromkeys(WALLED, 0)


@pytest.mark.parametrize("role", ["warehouse_writer", None])
def test_writers_and_the_owner_have_no_wall(role):
    add_everything(ago(2 * MINUTE_MS), ago(MINUTE_MS))
    as_of(0)
    if role is None:
        assert counts() == dict.fromkeys(WALLED, 1)
        return
    with as_role(role):
        assert counts() == dict.fromkeys(WALLED, 1)
        run(
            "INSERT INTO iv_percentile_cache (symbol, date, data_points, is_provisional, method_version)"
            " VALUES ('SPX', %s, 5, false, '2')"
            " ON CONFLICT (symbol, date) DO UPDATE SET data_points = excluded.data_points",
            DAY,
        )
        assert run("SELECT data_points FROM iv_percentile_cache") == [(5,)]


def test_rows_from_before_the_column_are_known_from_their_arrival():
    at_ms = ago(HOUR_MS)
    add_greeks(at_ms, known_at=None, fetched_at=at_ms + 5_000)
    add_trade(at_ms, known_at=None, received_at=at_ms + 5_000)
    add_bar(at_ms - 85_000, known_at=None)  # ends 25 seconds before, and is known 30 seconds after its end
    with as_role("warehouse_reader"):
        for later_ms, number in ((4_999, 0), (5_000, 1)):
            as_of(at_ms + later_ms)
            tables = ("historical_greeks", "options_flow_history", "historical_bars")
            assert {counts()[table] for table in tables} == {number}


def test_the_documented_functions_obey_it():
    watchlist.add_default_symbols(["SPX"])
    now = ago(0)
    add_trade(now - 50 * MINUTE_MS, 1, premium=100, is_sweep=True, known_at=now - 49 * MINUTE_MS)
    add_trade(
        now - 40 * MINUTE_MS, 2, premium=10, is_sweep=True, known_at=now - 39 * MINUTE_MS,
        canceled_by=9, canceled_at=now - 20 * MINUTE_MS,
    )  # fmt: skip
    amended = add_trade(now - 30 * MINUTE_MS, 3, premium=1, known_at=now - 29 * MINUTE_MS)
    amended_at = now - 10 * MINUTE_MS
    run(
        "INSERT INTO superseded_rows (table_name, key, row, known_at, superseded_at)"
        " SELECT 'options_flow_history', jsonb_build_object('symbol', symbol, 'timestamp', \"timestamp\"),"
        " to_jsonb(t) - 'id', known_at, %s FROM options_flow_history t"
        " WHERE sequence_number = 3",
        amended_at,
    )
    OptionsFlow.objects.filter(id=amended.id).update(is_sweep=True, amended_at=amended_at)
    add_gamma(now - 30 * MINUTE_MS, dealer_positioning="LONG_GAMMA", known_at=now - 29 * MINUTE_MS)
    add_gamma(now - 15 * MINUTE_MS, dealer_positioning="SHORT_GAMMA", known_at=now - 14 * MINUTE_MS)
    add_iv(DAY, iv_rank=0.25, known_at=now - 30 * MINUTE_MS)
    add_regime(DAY, market_regime="STRONG_UPTREND", known_at=now - 30 * MINUTE_MS)
    with as_role("warehouse_reader"):
        found = {}
        for minutes in (60, 45, 35, 25, 15, 5):
            as_of(now - minutes * MINUTE_MS)
            flow = run("SELECT total_sweeps, bullish_sweeps, total_premium FROM get_flow_summary('SPX', 60)")
            gamma = run("SELECT dealer_positioning FROM get_latest_gamma_exposure('SPX')")
            iv = run("SELECT iv_rank FROM get_latest_iv_percentile('SPX')")
            regime = run("SELECT market_regime FROM get_current_market_regime()")
            found[minutes] = [*flow, *gamma, *iv, *regime]
    later = [(0.25,), ("STRONG_UPTREND",)]
    assert found == {
        60: [(0, 0, 0)],
        45: [(1, 1, 100)],
        35: [(2, 2, 110)],  # the cancel of trade 2 is not known yet
        25: [(2, 2, 111), ("LONG_GAMMA",), *later],  # trade 3 is no sweep yet
        15: [(1, 1, 101), ("LONG_GAMMA",), *later],
        5: [(2, 2, 101), ("SHORT_GAMMA",), *later],
    }


def test_no_row_is_known_before_its_time():
    at_ms = ago(0)
    with pytest.raises(IntegrityError, match="known_at_later"), transaction.atomic():
        add_greeks(at_ms, known_at=at_ms - 1)
    assert add_gamma(at_ms, known_at=at_ms - 1).symbol == "SPX"  # a small table corrects it
    assert run("SELECT known_at FROM gamma_exposure_snapshots") == [(at_ms,)]


def test_every_table_with_known_at_has_the_wall():
    with_column = {
        model._meta.db_table
        for model in apps.get_app_config("warehouse").get_models()
        if any(field.name == "known_at" for field in model._meta.concrete_fields)
    }
    policies = run(
        "SELECT tablename::text FROM pg_policies WHERE policyname = 'as_of' AND permissive = 'RESTRICTIVE'"
        " AND roles = '{warehouse_reader,warehouse_web}' AND cmd = 'SELECT'"
    )
    assert {table for (table,) in policies} == with_column == set(WALLED)


def test_nothing_in_the_database_passes_the_wall():
    """Views read with the rights of the caller, no stored view exists, and no function of the owner returns rows."""
    assert run("SELECT matviewname FROM pg_matviews WHERE schemaname = 'public'") == []
    views = run(
        "SELECT relname, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
    )
    assert all("security_invoker=true" in (options or []) for _, options in views)
    definers = run(
        "SELECT proname::text, pg_get_function_result(oid) FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY 1"
    )
    assert {result for _, result in definers} <= {
        "integer",
        "bigint",
        "boolean",
        "void",
        "text",
        "SETOF text",
    }
    assert connection.pg_version >= 160_000
