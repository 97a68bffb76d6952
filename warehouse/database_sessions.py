"""Database sessions outside Django's connection handling, and the locks that a session holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DatabaseError, connection, connections

_KEY = "hashtextextended(%s, 0)"


def separate_connection(name: str, **parameters: Any) -> psycopg.Connection[Any]:
    """Return a new autocommit session with Django's address and role, and the application name `name`.

    `parameters` are those of libpq and override the settings. Raises psycopg.OperationalError.
    """
    wanted = connections["default"].get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        wanted.pop(django_only, None)
    return psycopg.connect(autocommit=True, **{**wanted, "application_name": name, **parameters})


@contextmanager
def session_lock(name: str, wait: bool = False) -> Iterator[bool]:
    """Yield whether this session has the lock of a name: False if another session has it.

    With `wait`, wait until it is free. Do not call it inside a transaction.
    """
    lock = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}({_KEY})", [name])
        is_locked = wait or bool(cursor.fetchone()[0])
    try:
        yield is_locked
    finally:
        if is_locked:
            _unlock(name)


def _unlock(name: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock({_KEY})", [name])
    except DatabaseError:
        connection.close()  # a broken session must not keep the lock
