"""Removal of partitions, which are not removed by the flush after a transactional test."""

from __future__ import annotations

from django.db import connection


def drop_partitions() -> list[str]:
    """Drop all partitions of the warehouse and return their names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partition FROM warehouse_partitions()")
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f"DROP TABLE {name}")
    return names
