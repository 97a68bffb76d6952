"""Database locks for work that must not run twice at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def advisory_lock(name: str, wait: bool = False) -> Iterator[bool]:
    """Hold the advisory lock of this name for the block; yield whether it was obtained.

    With `wait`, wait until it is free. The end of the database session releases it too.
    """
    with connection.cursor() as cursor:
        lock = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 0))", [f"flow repair {name}"])
        acquired = wait or bool(cursor.fetchone()[0])
    try:
        yield acquired
    finally:
        if acquired:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"flow repair {name}"])
