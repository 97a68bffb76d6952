"""Deletion of expired rows: policies, chunks, cleanup functions and the command."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.daily.rollups import roll_up_gamma, sum_slots
from quant.sessions import DAY_MS
from tests.roles import as_role, run
from tests.warehouse.rows import add_gamma, add_iv, add_regime
from warehouse import clock, partitions, retention
from warehouse.models import ContractListing, FetchedRange, HistoricalBar, IngestionRun
from warehouse.retention import POLICIES, delete_all_expired, delete_expired

pytestmark = [pytest.mark.database, pytest.mark.django_db]

BY_TABLE = {policy.table: policy for policy in POLICIES}


def test_every_table_with_a_stated_retention_has_a_policy():
    # Of several policies of a table, the last one is that of all its rows.
    kept = {table: policy.days for table, policy in BY_TABLE.items()} | {
        table: spec.retention_days for table, spec in partitions.SPECS.items()
    }
    assert kept == {
        "historical_greeks": 365,
        "options_flow_history": 90,
        "historical_bars": 1826,
        "iv_percentile_cache": 731,
        "flow_slots": 731,
        "superseded_rows": 731,
        "gamma_slots": 731,
        "expiration_curve": 731,
        "gamma_exposure_snapshots": 90,
        "gamma_by_expiration": 90,
        "market_regime_history": 1826,
        "iv_surface_daily": 1826,
        "iv_term_daily": 1826,
        "market_events": 1826,
        "signals": 1826,
        "signal_events": 1826,
        "pattern_matches": 1826,
        "confluence_bars": 731,
        "ingestion_runs": 90,
        "stream_gap": 90,
        "dead_letter": 90,
        "repair_contract": 90,
        "flow_daily": 1826,
        "flow_opening_daily": 1826,
        "gamma_daily": 1826,
        "contract_size_daily": 90,
        "fetched_range": 1826,
        "contract_listing": 371,
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
    assert delete_all_expired(now) == {"historical_bars": 2}
    left = HistoricalBar.objects.filter(timestamp=old).values_list("symbol", "timeframe")
    assert list(left) == [("SPY", "1d")]
    assert HistoricalBar.objects.filter(timestamp=recent).count() == 3


def test_a_fetched_range_is_kept_as_long_as_its_bars():
    now = clock.now_ms()
    year, five_years = now - 365 * DAY_MS, now - 1826 * DAY_MS
    option, minute, day = ("bars_5m", "O:SPY251219C00600000"), ("bars_1m", "SPY"), ("bars_1d", "SPY")
    for kind, symbol in (option, minute, day):
        for after, until in (
            (five_years - 9, five_years - 1),
            (five_years - 8, five_years + 1),
            (year - 9, year - 1),
            (year - 8, year + 2),
            (year + 1, year + 3),
        ):
            FetchedRange.objects.create(kind=kind, symbol=symbol, after_ms=after, until_ms=until)
    with as_role("warehouse_writer"):
        assert delete_all_expired(now) == {"fetched_range": 3 + 3 + 1}
        assert delete_all_expired(now) == {}
    found = FetchedRange.objects.order_by("kind", "until_ms")
    # The part of a range that is past retention is cut off, because its bars are deleted.
    of_a_year = [(year, year + 2), (year + 1, year + 3)]
    of_five_years = [(five_years, five_years + 1), (year - 9, year - 1), (year - 8, year + 2), of_a_year[1]]
    assert list(found.values_list("kind", "symbol", "after_ms", "until_ms")) == [
        *((*day, *each) for each in of_five_years),
        *((*minute, *each) for each in of_a_year),
        *((*option, *each) for each in of_a_year),
    ]


def test_a_range_is_cut_off_in_chunks(django_assert_num_queries):
    now = clock.now_ms()
    FetchedRange.objects.bulk_create(
        FetchedRange(kind="bars_1m", symbol="SPY", after_ms=0, until_ms=now - n) for n in range(7)
    )
    policy = next(policy for policy in POLICIES if policy.table == "fetched_range")
    with django_assert_num_queries(4 + 1):  # 3 + 3 + 1 + 0 cut off, none deleted
        assert delete_expired(policy, now, chunk_rows=3) == 0
    assert set(FetchedRange.objects.values_list("after_ms", flat=True)) == {now - 365 * DAY_MS}


def test_a_contract_list_is_kept_a_year_after_the_end_of_its_week():
    now = clock.now_ms()
    today = retention.new_york_date(clock.instant(now))
    for days in (371, 372):
        ContractListing.objects.create(
            symbol="SPX", week=today - dt.timedelta(days=days), known_as_of=1, series={}, rejected={}
        )
    assert delete_all_expired(now) == {"contract_listing": 1}
    assert ContractListing.objects.get().week == today - dt.timedelta(days=371)


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
        sum_slots(clock.instant(old.timestamp).date(), is_history=False)
        roll_up_gamma(clock.instant(old.timestamp).date(), is_history=False)
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
