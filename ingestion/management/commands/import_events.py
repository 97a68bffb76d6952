"""`manage.py import_events FILE`: store market events of a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingestion.imports.market_events import COLUMNS, import_events


class Command(BaseCommand):
    help = f"Store the market events of a CSV file with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                imported = import_events(lines)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(imported))
        if not imported.stored:
            raise CommandError("Nothing was imported.")
