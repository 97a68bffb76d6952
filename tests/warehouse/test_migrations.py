"""Migrations forward, backward and forward again, run by the owner of the schema, which is not a superuser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tests.roles import run
from warehouse import sql

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def migrate_back() -> None:
    MigrationExecutor(connection).migrate([("warehouse", None)])


def migrate_forward() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("warehouse"))


def warehouse_relations() -> list[str]:
    found = run(
        "SELECT relname::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'I')"
        " AND relname !~ '^(auth|django)_' UNION ALL"
        " SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
    )
    return [name for (name,) in found]


def test_migrations_can_be_reversed_completely_and_applied_again():
    relations = warehouse_relations()
    assert len(relations) == 18 + 10 + 18  # tables, indexes of the partitioned tables, functions
    try:
        migrate_back()
        assert warehouse_relations() == []
    finally:
        migrate_forward()
    assert warehouse_relations() == relations


def test_stored_schedules_of_a_renamed_task_are_renamed():
    former, present = "ingestion.tasks.watch_health", "monitoring.tasks.watch_health"
    crontab = CrontabSchedule.objects.create(minute="*")
    try:
        MigrationExecutor(connection).migrate([("warehouse", "0010_prints_of_some_hours")])
        entry = PeriodicTask.objects.create(name="Health and alerts", task=former, crontab=crontab)
        PeriodicTask.objects.create(name="other", task="flow.tasks.keep_flow", crontab=crontab)
        migrate_forward()
    finally:
        migrate_forward()
    assert set(PeriodicTask.objects.values_list("task", flat=True)) == {present, "flow.tasks.keep_flow"}
    entry.refresh_from_db()
    assert (entry.name, entry.crontab) == ("Health and alerts", crontab)


def test_going_back_leaves_the_clock_of_the_session(settings):
    settings.CLOCK_OFFSET_MS = -5000
    in_sql = "SELECT warehouse_now_ms() - floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint"
    try:
        call_command("migrate", "warehouse", "0012_plain_comments", verbosity=0)
        run("SELECT set_config('warehouse.clock_offset_ms', '', false)")
        assert run(in_sql) == [(0,)]
        call_command("migrate", verbosity=0)
        assert run(in_sql) == [(-5000,)]
    finally:
        settings.CLOCK_OFFSET_MS = 0
        call_command("migrate", verbosity=0)
        run("RESET warehouse.clock_offset_ms")


def test_concurrent_migrations_create_each_role_once():
    def create_roles() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql.read("roles.sql").split("-- warehouse_writer:")[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(create_roles) for _ in range(4)]:
            future.result(timeout=30)
    names = ["warehouse_reader", "warehouse_web", "warehouse_writer"]
    roles = run(
        "SELECT rolname::text, rolcanlogin, rolsuper FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1", names
    )
    assert roles == [(name, True, False) for name in names]
