"""Removal of partitions, which are not removed by the flush after a transactional test."""

from __future__ import annotations

from django.db import connection


def drop_partitions() -> None:
    """Drop all partitions of the warehouse."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partition FROM warehouse_partitions()")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")
