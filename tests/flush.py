"""How a transactional test ends: partitions are looked for, and tables emptied without what makes Django's flush slow.

Django truncates every table, each of which gets new files, and writes all content types and permissions again. Here
only tables that hold rows are truncated, and content types, permissions and the clock stay as migrating made them.
"""

from __future__ import annotations

from django.db import connection
from django.test import TransactionTestCase

from tests.partitions import drop_partitions

KEPT = ("django_content_type", "auth_permission", "warehouse_clock")


def flush_quickly() -> None:
    """From now on transactional tests end so."""
    TransactionTestCase._fixture_teardown = _end


def _end(case: TransactionTestCase) -> None:
    """Fails a test that committed partitions and left them: tests that expect certain partitions come later."""
    left = drop_partitions()
    empty_tables()
    assert left == []


def empty_tables() -> None:
    """Truncates the tables that hold rows, but for those in KEPT."""
    tables = [
        connection.ops.quote_name(name)
        for name in connection.introspection.django_table_names(only_existing=True, include_views=False)
        if name not in KEPT
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'EXISTS (SELECT FROM {name})' for name in tables)}")
        holding = [name for name, holds in zip(tables, cursor.fetchone(), strict=True) if holds]
        if holding:
            # What refers to them goes too: it is in the list, or empty.
            cursor.execute(f"TRUNCATE {', '.join(holding)} CASCADE")
