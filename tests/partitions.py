"""Partitions outlive the flush that ends a transactional test; whoever made some drops them."""

from __future__ import annotations

from django.db import connection


def drop_partitions() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT partition FROM warehouse_partitions()")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")
