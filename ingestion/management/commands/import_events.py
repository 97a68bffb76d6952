"""`manage.py import_events FILE…`: import earnings and other events from CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingestion.imports.event_file import OPTIONAL, REQUIRED, WrongEventFile, import_events
from warehouse import clock


class Command(BaseCommand):
    help = (
        f"Import market events from CSV files with the columns {', '.join(REQUIRED)}, and optionally"
        f" {', '.join(OPTIONAL)}. A file with a wrong row is not imported at all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a CSV file")

    def handle(self, *, files: list[Path], **options: Any) -> None:
        for path in files:
            try:
                done = import_events(path, clock.now_ms())
            except WrongEventFile as error:
                raise CommandError(str(error)) from None
            self.stdout.write(
                f"{path.name}: {done.new} new, {done.changed} changed, {done.unchanged} unchanged"
            )
