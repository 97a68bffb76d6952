"""Tests act under the roles of a deployment: reader, writer and web are not the owner of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import ProgrammingError, connection, transaction


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """The test's connection takes on `role` until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{role}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def run(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Rows of one statement, none for a statement that has none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall()) if cursor.description else []


def refused(sql: str, *parameters: Any) -> bool:
    """Whether the database refuses the statement for want of a privilege; any other error is raised."""
    try:
        with transaction.atomic():
            run(sql, *parameters)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != "42501":  # insufficient_privilege
            raise
        return True
    return False
