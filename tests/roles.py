"""Statements under the database roles of a deployment: reader, writer and web, which do not own the schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import ProgrammingError, connection, transaction


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """Set the role of the test's connection until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{role}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def run(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows; an empty list for a statement without rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall()) if cursor.description else []


def refused(sql: str, *parameters: Any) -> bool:
    """Return whether the database rejects the statement for a missing privilege; other errors are raised."""
    try:
        with transaction.atomic():
            run(sql, *parameters)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != "42501":  # insufficient_privilege
            raise
        return True
    return False
