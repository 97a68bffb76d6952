"""SQL that Django cannot express, one file per subject, run by migrations.

To change a function, edit its file and run the file again in a new migration. Every statement in the function files is
CREATE OR REPLACE, so a new database gets the present text.
"""

from __future__ import annotations

import re
from pathlib import Path

from django.db.migrations import RunSQL

_HERE = Path(__file__).parent


def read(name: str) -> str:
    """Return the text of the file `name`."""
    return (_HERE / name).read_text(encoding="utf-8")


def run(name: str, reverse: str = RunSQL.noop) -> RunSQL:
    """Return the migration operation that runs the file `name`; `reverse` is SQL text."""
    return RunSQL(read(name), reverse)


# Columns of the view `trades_as_of` by the number of the migration that adds them to the table.
_TRADE_COLUMNS = {
    26: ("multiplier",),
    30: ("first_report", "last_report"),
    31: ("large_size", "trade_rate", "quote_source"),
}


def trades_as_of(migration: int) -> str:
    """Return the SQL of the view `trades_as_of` with the columns that exist after a migration."""
    text = read("trades_as_of.sql")
    for added_by, names in _TRADE_COLUMNS.items():
        if added_by > migration:
            text = re.sub(rf",\s+[tv]\.({'|'.join(names)})\b", "", text)
    return text


def rights(*tables: str) -> RunSQL:
    """Return the migration operation that gives the roles the usual rights to these tables, with row-level security."""
    names = ", ".join(f"'{table}'" for table in tables)
    return RunSQL(read("table_rights.sql").replace("{tables}", names), RunSQL.noop)
