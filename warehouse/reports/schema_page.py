"""Render docs/schema.md: every table of the warehouse as the database's catalogue describes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Q

from quant.sessions import MINUTE_MS
from warehouse import heartbeats, partitions, retention

_HEAD = """\
# Schema

<!-- Written by `manage.py schema_page`. Do not edit: change the column comments and run it again. -->

Each table with its comment, key, partitions, retention and columns, read from the database. A column comment ends in
its unit; enumerations list their values. `checked` means that a CHECK constraint limits the values. Partition bounds
are calendar units of UTC, weeks start on Monday 00:00. The roles and the documented SQL functions are in
[access.md](access.md), the formulas in [conventions.md](conventions.md).
"""

_COMMENT = "SELECT obj_description(%s::regclass, 'pg_class')"
_KEYS = """
SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('p', 'u') ORDER BY contype, conname
"""
_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       EXISTS (SELECT FROM pg_constraint c
               WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND a.attnum = ANY (c.conkey)),
       col_description(a.attrelid, a.attnum)
FROM pg_attribute a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KEY_NAMES = {"p": "Primary key", "u": "Unique key"}


def render() -> str:
    """Return the page as Markdown: all tables of the warehouse app in alphabetical order."""
    models = apps.get_app_config("warehouse").get_models()
    tables = sorted(str(model._meta.db_table) for model in models)
    contents = "\n".join(f"- [`{table}`](#{table})" for table in tables)
    sections = ["\n".join(_section(table)) for table in tables]
    return "\n".join([_HEAD, contents, *sections]) + "\n"


def _section(table: str) -> Iterator[str]:
    yield f"\n## `{table}`\n"
    ((comment,),) = _rows(_COMMENT, table)
    yield f"{comment}\n"
    for kind, definition in _rows(_KEYS, table):
        columns = definition.partition("(")[2].rstrip(")").replace('"', "")
        yield f"- {_KEY_NAMES[kind]}: {columns}"
    if table in partitions.SPECS:
        yield f"- Partitions: range of `timestamp`, one per {partitions.SPECS[table].unit}"
    yield f"- Retention: {'; '.join(_retention(table)) or 'no limit'}"
    yield "\n| column | type | null | checked | meaning; unit |\n|---|---|---|---|---|"
    for name, kind, required, checked, meaning in _rows(_COLUMNS, table):
        cells = (f"`{name}`", kind, "" if required else "null", "checked" if checked else "", meaning)
        yield f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in cells)} |"


def _retention(table: str) -> Iterator[str]:
    """Yield one phrase per rule by which rows of the table are removed."""
    if table in partitions.SPECS:
        yield f"partitions are dropped after {partitions.SPECS[table].retention_days} days"
    for policy in retention.POLICIES:
        if policy.table == table:
            rows = f"rows with {_condition(policy.only)}" if policy.only else "rows"
            rows += f", except those with {_condition(policy.kept)}," if policy.kept else ""
            yield f"{rows} are deleted after {policy.days} days, by `{policy.column}`"
    if table == "scanner_heartbeat":
        minutes = heartbeats.FORGOTTEN_AFTER_MS // MINUTE_MS
        yield f"a row `kind@host:pid` is deleted {minutes} minutes after its last heartbeat, a named one never"


def _condition(only: Q) -> str:
    """Return the condition of a retention policy in words: `timeframe` = `1m` or `symbol` starts with `O:`.

    Raises TypeError for a condition that is more than comparisons joined by one AND or OR.
    """
    parts = []
    for child in only.children:
        if not isinstance(child, tuple):
            raise TypeError(f"a retention policy's condition is nested or an expression: {child}")
        column, _, operator = str(child[0]).partition("__")
        parts.append(f"`{column}` {'starts with' if operator == 'startswith' else '='} `{child[1]}`")
    return f" {str(only.connector).lower()} ".join(parts)


def _rows(sql: str, table: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [f'public."{table}"'])
        return list(cursor.fetchall())
