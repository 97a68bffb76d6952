"""Deletion of expired rows: policies, chunks, cleanup functions and the command."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.daily.rollups import roll_up_gamma
from quant.sessions import DAY_MS
from tests.roles import as_role, run
from tests.warehouse.rows import add_gamma, add_iv, add_regime
from warehouse import clock, partitions, retention
from warehouse.models import HistoricalBar, IngestionRun
from warehouse.retention import POLICIES, delete_all_expired, delete_expired

pytestmark = [pytest.mark.database, pytest.mark.django_db]

BY_TABLE = {policy.table: policy for policy in POLICIES}


def test_every_table_with_a_stated_retention_has_a_policy():
    kept = {table: policy.days for table, policy in BY_TABLE.items()} | {
        table: spec.retention_days for table, spec in partitions.SPECS.items()
    }
    assert kept == {
        "historical_greeks": 365,
        "options_flow_history": 90,
        "historical_bars": 1826,
        "iv_percentile_cache": 731,
        "gamma_exposure_snapshots": 90,
        "market_regime_history": 1826,
        "ingestion_runs": 90,
        "stream_gap": 90,
        "dead_letter": 90,
        "flow_daily": 1826,
        "gamma_daily": 1826,
        "contract_size_daily": 90,
    }


def test_rows_past_retention_are_deleted_and_newer_rows_stay():
    now = clock.now_ms()
    add_gamma(now - 90 * DAY_MS - 1)
    kept = add_gamma(now - 90 * DAY_MS)
    with as_role("warehouse_writer"):
        assert delete_all_expired(now) == {"gamma_exposure_snapshots": 1}
        assert delete_all_expired(now) == {}
    assert run("SELECT id FROM gamma_exposure_snapshots") == [(kept.id,)]


def test_rows_are_deleted_in_chunks(django_assert_num_queries):
    now = clock.now_ms()
    for slot in range(7):
        IngestionRun.objects.create(task="t", slot=slot, status="DONE", started_at=0)
    # A run finished today for an old slot stays: without it a backfill would fetch that session again.
    IngestionRun.objects.create(task="t", slot=8, status="DONE", started_at=now)
    with django_assert_num_queries(3):  # 3 + 3 + 1
        assert delete_expired(BY_TABLE["ingestion_runs"], now, chunk_rows=3) == 7
    assert IngestionRun.objects.count() == 1


def test_minute_bars_and_option_bars_are_deleted_after_a_year():
    now = clock.now_ms()
    old, recent = now - 366 * DAY_MS, now - 364 * DAY_MS
    for at in (old, recent):
        partitions.ensure("historical_bars", at, at)
        for symbol, timeframe in (("SPY", "1m"), ("SPY", "1d"), ("O:SPY251219C00600000", "1h")):
            prices = dict.fromkeys(("open", "high", "low", "close"), 1)
            HistoricalBar.objects.create(symbol=symbol, timeframe=timeframe, timestamp=at, **prices)
    assert delete_expired(BY_TABLE["historical_bars"], now) == 2
    left = HistoricalBar.objects.filter(timestamp=old).values_list("symbol", "timeframe")
    assert list(left) == [("SPY", "1d")]
    assert HistoricalBar.objects.filter(timestamp=recent).count() == 3


def test_cleanup_functions_apply_the_same_retention_as_the_policies():
    now = clock.now_ms()
    today = retention.new_york_date(clock.instant(now))
    for days in (731, 732):
        add_iv(today - dt.timedelta(days=days))
    for days in (1826, 1827):
        add_regime(today - dt.timedelta(days=days))
    old = add_gamma(now - 90 * DAY_MS - 1)
    add_gamma(now - 90 * DAY_MS + 60_000)
    with as_role("warehouse_writer"):
        assert run("SELECT cleanup_old_gamma()") == [(0,)]  # the day is not rolled up yet
        roll_up_gamma(clock.instant(old.timestamp).date())
        assert run("SELECT cleanup_old_iv(), cleanup_old_regime(), cleanup_old_gamma()") == [(1, 1, 1)]
    assert delete_all_expired(now) == {}


def test_the_command_counts_expired_rows_and_deletes_them_with_apply():
    add_gamma(clock.now_ms() - 91 * DAY_MS)
    output = StringIO()
    call_command("retention", stdout=output)
    assert "gamma_exposure_snapshots              1 rows past retention (kept 90 days)" in output.getvalue()
    call_command("retention", apply=True, stdout=StringIO())
    assert run("SELECT count(*) FROM gamma_exposure_snapshots") == [(0,)]


def test_expired_bars_are_searched_in_old_partitions_only():
    now = clock.now_ms()
    partitions.ensure("historical_bars", now - 400 * DAY_MS, now)
    with CaptureQueriesContext(connection) as queries:
        delete_expired(BY_TABLE["historical_bars"], now)
    plan = "\n".join(row[0] for row in run(f"EXPLAIN {queries[-1]['sql']}"))
    newest = run("SELECT max(partition) FROM warehouse_partitions()")[0][0]
    assert newest not in plan
