"""Indexes of partitioned tables, created without blocking writers.

CREATE INDEX on the parent would lock all partitions. Each partition is indexed CONCURRENTLY instead, which needs a
migration with `atomic = False`, and its index is attached to that of the parent. An interrupted migration can be
repeated: only partitions without the index are indexed again.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations import RunPython

_UNINDEXED = """
SELECT i.inhrelid::regclass::text FROM pg_inherits i
WHERE i.inhparent = %s::regclass
  AND NOT EXISTS (
      SELECT FROM pg_index x JOIN pg_inherits xi ON xi.inhrelid = x.indexrelid
      WHERE x.indrelid = i.inhrelid AND xi.inhparent = %s::regclass
  )
ORDER BY 1
"""


def add_index(table: str, name: str, key: str) -> RunPython:
    """Return the migration operation that adds the index `name`, which begins with the table's name.

    `key` is what follows the table in CREATE INDEX: columns in brackets, and a condition if there is one.
    """
    suffix = name.removeprefix(table)

    def add(apps: Any, schema_editor: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY {table} {key}")
            cursor.execute(_UNINDEXED, [table, name])
            for (partition,) in cursor.fetchall():
                index = f"{partition}{suffix}"
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
                cursor.execute(f"CREATE INDEX CONCURRENTLY {index} ON {partition} {key}")
                cursor.execute(f"ALTER INDEX {name} ATTACH PARTITION {index}")

    def remove(apps: Any, schema_editor: Any) -> None:
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")

    return RunPython(add, remove)
