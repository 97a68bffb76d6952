"""Partitions outlive the flush that ends a transactional test; whoever made some drops them."""

from __future__ import annotations

import psycopg
from django.db import connection


def drop_partitions(session: psycopg.Connection | None = None) -> list[str]:
    """Drops all partitions, over Django's connection or the one given; returns their names."""
    with (session or connection).cursor() as cursor:
        cursor.execute("SELECT partition FROM warehouse_partitions()")
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f"DROP TABLE {name}")
    return names
