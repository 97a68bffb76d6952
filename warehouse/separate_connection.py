"""Database sessions outside Django's connection handling."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connections


def separate_connection(name: str, **parameters: Any) -> psycopg.Connection[Any]:
    """Return a new autocommit session with Django's address and role, and the application name `name`.

    `parameters` are those of libpq and override the settings. Raises psycopg.OperationalError.
    """
    wanted = connections["default"].get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        wanted.pop(django_only, None)
    return psycopg.connect(autocommit=True, **{**wanted, "application_name": name, **parameters})
