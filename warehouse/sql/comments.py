"""Copies the comments of the models to the tables and columns of the database.

Django's `AlterField` cannot do it for partitioned tables: it rebuilds constraints on columns of the partition key. A
migration that changes comments alters the state alone and then runs `restate`.
"""

from __future__ import annotations

from typing import Any

from psycopg import sql


def restate(apps: Any, schema_editor: Any) -> None:
    """Write every table and column comment of the warehouse's models, as they are in this migration's state."""
    with schema_editor.connection.cursor() as cursor:
        for model in apps.get_app_config("warehouse").get_models():
            table = sql.Identifier(model._meta.db_table)
            told = sql.Literal(model._meta.db_table_comment or None)
            cursor.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(table, told))
            for field in model._meta.local_fields:
                column, told = sql.Identifier(field.column), sql.Literal(field.db_comment)
                cursor.execute(sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(table, column, told))
