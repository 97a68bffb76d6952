"""Fast replacement of the flush at the end of a transactional test.

Django truncates every table, which creates new files for each of them, and writes all content types and permissions
again. This flush truncates only the tables that contain rows, and keeps the content types, the permissions and the row
of the clock, whose offset becomes 0. It also drops partitions that the test left behind and fails the test for them.
"""

from __future__ import annotations

from django.db import connection
from django.test import TransactionTestCase

from tests.partitions import drop_partitions

KEPT = ("django_content_type", "auth_permission", "warehouse_clock")


def install_fast_flush() -> None:
    """Make every transactional test end with this flush."""
    TransactionTestCase._fixture_teardown = _teardown


def _teardown(case: TransactionTestCase) -> None:
    """Empty the tables, and fail a test that leaves committed partitions: later tests expect an exact set of them."""
    left = drop_partitions()
    empty_tables()
    assert left == []


def empty_tables() -> None:
    """Truncate the tables that contain rows, except those in KEPT."""
    tables = [
        connection.ops.quote_name(name)
        for name in connection.introspection.django_table_names(only_existing=True, include_views=False)
        if name not in KEPT
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'EXISTS (SELECT FROM {name})' for name in tables)}")
        filled = [name for name, has_rows in zip(tables, cursor.fetchone(), strict=True) if has_rows]
        if filled:
            # CASCADE also truncates the tables that refer to these: they are in the list as well, or empty.
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
        # A test that migrates at another market time leaves its offset.
        cursor.execute("UPDATE warehouse_clock SET offset_ms = 0 WHERE offset_ms <> 0")
