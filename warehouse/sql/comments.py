"""Comments of tables and columns.

Django's `AlterField` fails on partitioned tables, because it alters columns of the partition key. A migration that
changes comments alters only the state and then runs `restate`.
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
