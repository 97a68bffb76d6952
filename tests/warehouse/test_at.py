"""`warehouse.asof.at`: reading as of an instant, in a read-only transaction of its own."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from tests.roles import as_role, run
from tests.warehouse.rows import MINUTE_MS, add_greeks, ago
from warehouse import asof
from warehouse.models import HistoricalGreeks, WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def rows(transactional_db):
    """Three snapshots: 30, 20 and 10 minutes ago; the second was stored late, 12 minutes ago."""
    stored = [
        add_greeks(ago(age * MINUTE_MS), known_at=ago(known * MINUTE_MS))
        for age, known in ((30, 29), (20, 12), (10, 9))
    ]
    yield [row.timestamp for row in stored]
    from tests.partitions import drop_partitions

    drop_partitions()


def seen() -> list[int]:
    return list(HistoricalGreeks.objects.order_by("timestamp").values_list("timestamp", flat=True))


@pytest.mark.parametrize(
    ("minutes_ago", "visible"), [(35, 0), (28, 1), (13, 1), (11, 2), (9.5, 2), (8, 3), (0, 3)]
)
def test_rows_that_were_not_known_yet_are_hidden(rows, minutes_ago, visible):
    with asof.at(ago(round(minutes_ago * MINUTE_MS))):
        assert seen() == rows[:visible]


def test_the_settings_end_with_the_block(rows):
    with as_role("warehouse_writer"):
        with asof.at(ago(40 * MINUTE_MS)):
            assert run("SELECT current_user::text, current_setting('transaction_read_only')") == [
                ("warehouse_reader", "on")
            ]
            assert seen() == []
        assert run("SELECT current_user::text, warehouse_as_of_ms()") == [("warehouse_writer", 2**63 - 1)]
        assert seen() == rows


def test_the_settings_end_after_an_error(rows):
    with pytest.raises(ZeroDivisionError), asof.at(ago(40 * MINUTE_MS)):
        raise ZeroDivisionError
    assert seen() == rows


def test_nothing_can_be_written(rows):
    with pytest.raises(DatabaseError, match="read-only transaction"), asof.at(ago(0)):
        WatchlistEntry.objects.create(symbol="SPX", active_since_ms=0)
    assert not WatchlistEntry.objects.exists()


def test_it_does_not_run_inside_a_transaction(rows):
    with pytest.raises(RuntimeError), transaction.atomic(), asof.at(ago(0)):
        pass


def test_a_role_that_logs_in_itself_may_read_as_the_reader():
    granted = run(
        "SELECT m.rolname::text FROM pg_auth_members g JOIN pg_roles m ON m.oid = g.member"
        " JOIN pg_roles r ON r.oid = g.roleid"
        " WHERE r.rolname = 'warehouse_reader' AND g.set_option AND NOT g.inherit_option"
    )
    assert {("warehouse_writer",), ("warehouse_web",)} <= set(granted)
    assert connection.pg_version >= 160_000
