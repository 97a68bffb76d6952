"""Settings of database sessions: when they end, and what the planner leaves out."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from local.servers.processes import wait_until

pytestmark = pytest.mark.database


def runs(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees one moment's
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", [pid])
        return bool(cursor.fetchone()[0])


def test_a_statement_ends_soon_after_its_client_was_killed(db):
    known = connection.get_connection_params()
    arguments = {
        name: known[name]
        for name in ("host", "port", "user", "password", "dbname", "options")
        if name in known
    }
    client = psycopg.connect(**arguments)
    pid = client.info.backend_pid
    client.pgconn.send_query(b"SELECT pg_sleep(60)")
    assert runs(pid)
    client.close()  # nobody reads on, and the server hears of it only by looking
    assert wait_until(lambda: not runs(pid), 60)


def test_a_session_compares_no_statement_with_the_checks_of_partitions(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting, source FROM pg_settings WHERE name = 'constraint_exclusion'")
        assert cursor.fetchone() == ("off", "client")  # whatever the server has
