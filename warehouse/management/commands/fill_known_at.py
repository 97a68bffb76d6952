"""`manage.py fill_known_at`: fill `known_at` in rows that were stored before the column existed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import ProgrammingError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from warehouse.console import console_on
from warehouse.loading import fill_known_at


class Command(BaseCommand):
    help = (
        "Fills known_at in rows of the large tables that were stored before the column existed, in short transactions,"
        " while the warehouse runs. May be stopped at any time; started again it continues."
    )

    def handle(self, **options: Any) -> None:
        chunks = fill_known_at.chunks()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = console_on(self.stdout)
        filled = 0
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("rows", total=sum(chunk.rows for chunk in chunks))
            for chunk in chunks:
                progress.update(task, description=f"rows of {chunk.table}")
                filled += fill_known_at.fill(chunk)
                progress.advance(task, chunk.rows)
        self.stdout.write(f"{filled:,} rows filled")
        try:
            fill_known_at.validate()
        except ProgrammingError:
            self.stdout.write(
                "run it as the owner of the tables too, to validate their constraint known_at >= timestamp"
            )
