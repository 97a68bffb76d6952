"""The SQL that Django cannot express, one file per subject. Migrations only point here.

A function changes by editing its file and running the file again from a new migration: every statement in the
function files is CREATE OR REPLACE, so a new database simply runs today's text.
"""

from __future__ import annotations

from pathlib import Path

from django.db.migrations import RunSQL

_HERE = Path(__file__).parent


def read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def run(name: str, reverse: str = RunSQL.noop) -> RunSQL:
    """The migration operation that runs the file `name`; `reverse` is SQL text."""
    return RunSQL(read(name), reverse)
