"""Partitions outlive the flush that ends a transactional test; whoever made some drops them."""

from __future__ import annotations

from django.db import connection


def drop_partitions() -> list[str]:
    """Drops all partitions; returns their names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partition FROM warehouse_partitions()")
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f"DROP TABLE {name}")
    return names
