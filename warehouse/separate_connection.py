"""Database sessions apart from Django's, which is closed, reopened and kept over hours at will."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connections


def separate_connection(name: str, **parameters: Any) -> psycopg.Connection[Any]:
    """A new autocommit session with Django's address and role, shown as `name` in pg_stat_activity.

    `parameters` are libpq's and win over the settings'. Raises psycopg.OperationalError.
    """
    wanted = connections["default"].get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        wanted.pop(django_only, None)
    return psycopg.connect(autocommit=True, **{**wanted, "application_name": name, **parameters})
