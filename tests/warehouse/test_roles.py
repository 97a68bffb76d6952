"""Privileges of the reader, writer and web roles; the database denies everything else."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from tests.roles import as_role, refused, run
from tests.warehouse.rows import add_greeks, add_signal, ago
from warehouse import partitions, watchlist
from warehouse.models import WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.django_db]

TABLES = [model._meta.db_table for model in apps.get_app_config("warehouse").get_models()]
CLEANUPS = [f"cleanup_old_{name}()" for name in ("greeks", "flow", "iv", "gamma", "regime")]
PARTITION_CALLS = [
    "warehouse_ensure_partitions('historical_greeks', warehouse_now_ms(), warehouse_now_ms())",
    "warehouse_drop_partition('historical_greeks_w20200106')",
    "warehouse_ensure_imported_months(warehouse_now_ms(), warehouse_now_ms())",
    "warehouse_is_kept('historical_bars_m199905')",
    "warehouse_drop_expired('historical_greeks')",
]


@pytest.mark.parametrize("role", ["warehouse_reader", "warehouse_web", "warehouse_writer"])
def test_every_role_reads_the_rows_of_every_table(role):
    add_greeks(ago(0))
    watchlist.add_default_symbols(["SPX"])
    with as_role(role):
        counts = {table: run(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
    one = dict.fromkeys(("historical_greeks", "watchlist", "warehouse_clock"), 1)
    assert counts == {**dict.fromkeys(TABLES, 0), **one}


@pytest.mark.parametrize("table", TABLES)
def test_the_reader_may_not_change_a_table(table):
    with as_role("warehouse_reader"):
        assert refused(f"DELETE FROM {table}")
        assert refused(f"INSERT INTO {table} DEFAULT VALUES")
        assert refused(f"TRUNCATE {table}")
        assert refused(f"DROP TABLE {table}")


@pytest.mark.parametrize("role", ["warehouse_reader", "warehouse_web"])
@pytest.mark.parametrize("call", CLEANUPS + PARTITION_CALLS)
def test_only_the_writer_calls_cleanups_and_partition_functions(role, call):
    with as_role(role):
        assert refused(f"SELECT {call}")


@pytest.mark.parametrize("call", CLEANUPS)
def test_the_writer_calls_cleanups(call):
    with as_role("warehouse_writer"):
        assert run(f"SELECT {call}") == [(0,)]


@pytest.mark.parametrize("table", [table for table in TABLES if table != "warehouse_clock"])
def test_the_writer_deletes_rows_but_cannot_drop_or_alter_tables(table):
    with as_role("warehouse_writer"):
        run(f"DELETE FROM {table}")
        assert refused(f"DROP TABLE {table}")
        assert refused(f"TRUNCATE {table}")
        assert refused(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


@pytest.mark.parametrize("role", ["warehouse_reader", "warehouse_web", "warehouse_writer"])
def test_the_owner_alone_sets_the_clock(role):
    with as_role(role):
        assert refused("UPDATE warehouse_clock SET offset_ms = 1")
        assert refused("INSERT INTO warehouse_clock (offset_ms) VALUES (1)")
        assert refused("DELETE FROM warehouse_clock")
    run("UPDATE warehouse_clock SET offset_ms = 1")
    assert run("SELECT id, offset_ms FROM warehouse_clock") == [(True, 1)]


def test_the_writer_cannot_create_tables():
    with as_role("warehouse_writer"):
        assert refused("CREATE TABLE public.mine (a integer)")
        assert refused("CREATE TABLE public.mine PARTITION OF historical_greeks FOR VALUES FROM (0) TO (1)")


def test_the_writer_stores_rows_in_a_partition_created_on_its_request():
    with as_role("warehouse_writer"):
        add_greeks(ago(0))
    assert run("SELECT count(*) FROM historical_greeks") == [(1,)]


@pytest.mark.parametrize("role", ["warehouse_reader", "warehouse_web", "warehouse_writer"])
def test_partitions_are_readable_only_through_the_parent_table(role):
    add_greeks(ago(0))
    (name,) = {row[1] for row in run("SELECT * FROM warehouse_partitions()") if row[0] == "historical_greeks"}
    with as_role(role):
        assert refused(f"SELECT count(*) FROM {name}")


EDITED_ON_THE_WEB = (
    "watchlist",
    "session_exceptions",
    "market_events",
    "saved_filter",
    "pattern_library",
    "confluence_configs",
)


@pytest.mark.parametrize("table", [name for name in TABLES if name not in EDITED_ON_THE_WEB])
def test_the_web_role_cannot_change_market_data(table):
    with as_role("warehouse_web"):
        assert refused(f"DELETE FROM {table}")
        assert refused(f"INSERT INTO {table} DEFAULT VALUES")


def test_the_web_role_keeps_versions_of_events_only():
    columns = "(table_name, key, row, known_at, superseded_at)"
    with as_role("warehouse_web"):
        assert refused("DELETE FROM market_events")
        assert refused(f"INSERT INTO superseded_rows {columns} VALUES ('gamma_slots', '{{}}', '{{}}', 1, 2)")


def test_the_web_role_dismisses_signals_and_ends_them_in_no_other_way():
    step = "INSERT INTO signal_events (signal_id, symbol, kind, timestamp) VALUES (%s, 'SPY', %s, 1)"
    signal = add_signal()
    with as_role("warehouse_web"):
        run(step.replace("%s", str(signal.id), 1).replace("%s", "'DISMISSED'"))
        assert refused(step.replace("%s", str(signal.id), 1).replace("%s", "'STOPPED'"))


def test_the_web_role_edits_the_watchlist():
    with as_role("warehouse_web"):
        watchlist.add_default_symbols(["SPX"])
        WatchlistEntry.objects.filter(symbol="SPX").update(ingest_flow=False)
        assert WatchlistEntry.objects.get().ingest_flow is False
        WatchlistEntry.objects.all().delete()
    assert run("SELECT count(*) FROM watchlist") == [(0,)]


def test_the_web_role_edits_session_exceptions_and_counts_failed_logins():
    with as_role("warehouse_web"):
        run("INSERT INTO session_exceptions (date, reason, noted_at) VALUES ('2026-12-24', 'closed', 1)")
        run("DELETE FROM session_exceptions")
        run("DELETE FROM axes_accessattempt")
    with as_role("warehouse_writer"):
        assert refused("SELECT count(*) FROM axes_accessattempt")


def test_schedules_and_user_accounts_are_limited_to_their_roles():
    schedules, accounts = "DELETE FROM django_celery_beat_periodictask", "DELETE FROM auth_user"
    with as_role("warehouse_web"):
        run(schedules)
        run(accounts)
    with as_role("warehouse_writer"):
        run(schedules)
        assert refused(accounts)
    with as_role("warehouse_reader"):
        assert refused("SELECT count(*) FROM auth_user")
        assert refused("SELECT count(*) FROM django_celery_beat_periodictask")


def test_row_level_security_is_enabled_on_every_table():
    protected = run("SELECT relname::text FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')")
    assert {name for (name,) in protected} == set(TABLES)


def test_no_function_is_executable_by_public():
    functions = run(
        "SELECT p.proname::text FROM pg_proc p CROSS JOIN LATERAL"
        " aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 0"
    )
    assert functions == []


# A fixed search path would prevent inlining. Their SQL-standard bodies are bound to objects when they are created.
INLINED = {"warehouse_as_of_ms", "warehouse_bar_known_ms", "warehouse_stored_bar_known_ms"}


def test_every_function_has_a_fixed_search_path_that_ends_in_pg_temp():
    settings = run(
        "SELECT proname::text, proconfig, prosqlbody IS NOT NULL FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    )
    assert len(settings) == 27
    for name, configured, is_bound in settings:
        if name in INLINED:
            assert (configured, is_bound) == (None, True), name
        else:
            assert "search_path=pg_catalog, public, pg_temp" in configured, name


def test_functions_ignore_temporary_tables_of_the_caller():
    watchlist.add_default_symbols(["SPX"])
    with as_role("warehouse_writer"):
        run("CREATE TEMPORARY TABLE iv_percentile_cache (symbol text)")
        assert run("SELECT * FROM get_latest_iv_percentile('SPX')") == []


def test_the_owner_is_not_a_superuser():
    assert run("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]


def test_the_writer_cannot_create_partitions_of_other_tables():
    error = pytest.raises(DatabaseError, match="not a partitioned table")
    with as_role("warehouse_writer"), error, transaction.atomic():
        run("SELECT warehouse_ensure_partitions('auth_user', 0, 0)")
    assert set(partitions.SPECS) < set(TABLES)
