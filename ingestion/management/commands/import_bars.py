"""`manage.py import_bars FILE…`: import daily and minute bars from CSV files, and the splits beside them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ingestion.imports import bar_import, split_file
from ingestion.imports.bar_file import COLUMNS, BarFile, WrongBarFile, read_bars
from ingestion.imports.bar_import import StoredFile
from ingestion.imports.split_file import Jump
from quant.sessions import new_york_date
from warehouse import clock
from warehouse.console import console_on

MOST_NAMED = 10


class Command(BaseCommand):
    help = (
        "Import bars of underlyings from CSV files, for backtests of the past. Each file has the bars of one symbol and"
        f" names the columns {COLUMNS}. The time is the start of the bar: date gives daily bars, time_new_york or"
        " time_utc bars of a minute. Imported bars are kept until they are deleted by hand."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a CSV file")
        parser.add_argument(
            "--symbol", help="the underlying (default: the word of the file's name that is on the watchlist)"
        )
        parser.add_argument(
            "--add", action="store_true", help="add an unknown --symbol to the watchlist, for its bars only"
        )
        parser.add_argument(
            "--splits",
            type=Path,
            metavar="FILE",
            help=f"a CSV file with the columns {', '.join(split_file.COLUMNS)} (old and new shares)",
        )
        parser.add_argument(
            "--adjusted",
            action="store_true",
            help="the prices are adjusted for all splits until today; they are stored as traded",
        )

    def handle(
        self,
        *,
        files: list[Path],
        symbol: str | None,
        add: bool,
        splits: Path | None,
        adjusted: bool,
        **options: Any,
    ) -> None:
        console, now_ms = console_on(self.stdout), clock.now_ms()
        try:
            read = [(read_bars(path, now_ms), path) for path in files]
            named = [(bar_import.symbol_of(path, symbol, add=add), file) for file, path in read]
            _import(console, named, splits, now_ms, adjusted)
        except WrongBarFile as error:
            raise CommandError(str(error)) from None


def _import(
    console: Console, named: list[tuple[str, BarFile]], split_path: Path | None, now_ms: int, adjusted: bool
) -> None:
    """Compare the splits with all files, then store the splits and the bars, and print a report.

    Splits of other symbols are left out: no file shows whether they are right.
    """
    symbols = {symbol for symbol, _ in named}
    given = split_file.read_splits(split_path) if split_path else []
    listed = [one for one in given if one.symbol in symbols]
    known = []
    for symbol, file in named:
        by_day = {one.ex_date: one.shares for one in bar_import.splits_after(symbol, file, now_ms)}
        by_day |= {one.ex_date: split_file.shares_of(one) for one in listed if one.symbol == symbol}
        known.append(by_day)
    texts = [
        split_file.compare_splits(file, symbol, by_day, is_adjusted=adjusted)
        for (symbol, file), by_day in zip(named, known, strict=True)
    ]
    stored_splits = split_file.store_splits(listed, new_york_date(clock.instant(now_ms)))
    if given:
        others = f", {len(given) - len(listed)} of other symbols left out" if len(given) > len(listed) else ""
        console.print(
            f"splits: {stored_splits.new} new, {len(listed) - stored_splits.new} already stored{others}"
        )
    with _progress(console) as progress:
        for (symbol, file), by_day, sentences in zip(named, known, texts, strict=True):
            if adjusted:
                file = bar_import.as_traded(file, bar_import.splits_after(symbol, file, now_ms))
            stored = StoredFile()
            task = progress.add_task(file.path.name, total=len(file.bars))
            for bars in bar_import.store_bars(file, symbol, stored):
                progress.update(task, advance=bars)
            for line in _report(symbol, file, stored, sentences, split_file.unexplained(file, by_day)):
                console.print(line, soft_wrap=True)


def _report(
    symbol: str, file: BarFile, stored: StoredFile, splits: list[str], jumps: list[Jump]
) -> list[str]:
    days = file.days
    counts = f"{len(file.bars):,} bars of {len(days):,} sessions from {days[0]} to {days[-1]}"
    lines = [
        f"{file.path.name}: {symbol} {file.timeframe.value}, {counts}; {stored.new:,} new, {stored.sums:,} new longer"
        " bars summed from them"
    ]
    if stored.different:
        lines.append(f"  {stored.different:,} bars differ from stored ones, which stay")
    lines += [f"  {number:,} rows {reason} left out" for reason, number in file.left_out.items()]
    if file.missing:
        lines.append(f"  {len(file.missing):,} sessions without a bar: {_named(file.missing)}")
    lines += [f"  {text}" for text in splits]
    lines += [f"  unexplained jump, so no signals in this session: {jump}" for jump in jumps]
    return lines


def _named(days: list[dt.date]) -> str:
    more = ", …" if len(days) > MOST_NAMED else ""
    return ", ".join(map(str, days[:MOST_NAMED])) + more


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
