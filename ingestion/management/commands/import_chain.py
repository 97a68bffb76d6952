"""`manage.py import_chain FILE…`: import option chains from files, then compute rank and regime of their sessions."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from ingestion.imports import report
from ingestion.imports.columns import SYNONYMS, UnknownLayout
from ingestion.imports.files import file_size
from ingestion.imports.importing import ChainImport
from warehouse import clock
from warehouse.console import console_on
from warehouse.watchlist import spelled


class Command(BaseCommand):
    help = "Imports option chains from CSV files: Cboe quote tables, and files with one row per contract."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="+", type=Path, metavar="FILE", help="a CSV file, plain or gzipped"
        )
        parser.add_argument("--symbol", help="the underlying (default: that of each contract's root)")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            type=_column_name,
            metavar='NAME="HEADER"',
            help=f"the header of the column NAME, one of {', '.join(SYNONYMS)}; may be repeated",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="read, check and compute, but store nothing"
        )

    def handle(
        self,
        *,
        files: list[Path],
        symbol: str | None,
        column: list[tuple[str, str]],
        dry_run: bool,
        **options: Any,
    ) -> None:
        console = console_on()
        chain_import = ChainImport(symbol and spelled(symbol), dict(column), clock.now_ms(), dry_run)
        with _progress(console) as progress:
            try:
                for path in files:
                    task = progress.add_task(path.name, total=file_size(path) or None)
                    for bytes_done in chain_import.import_file(path):
                        progress.update(task, completed=bytes_done)
            except UnknownLayout as error:
                raise CommandError(f"{error}.") from None
            finally:
                task = progress.add_task("IV percentile, regime", total=None)
                for _ in chain_import.compute_series():
                    progress.update(task, advance=1)
        report.print_table(console, chain_import.imported, chain_import.days)
        for line in (
            *report.remarks(chain_import.imported, chain_import.days, chain_import.unassigned, clock.now()),
            *chain_import.ranking_hints(),
        ):
            console.print(line, soft_wrap=True)
        if not dry_run and not any(result.done for result in chain_import.imported):
            raise CommandError("Nothing was imported.")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _column_name(text: str) -> tuple[str, str]:
    name, equals, header = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f'expected a column such as strike="Strike Price", not {text}')
    return name.strip(), header
