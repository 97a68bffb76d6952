"""`manage.py backfill`: months of history from what the provider keeps of them. Needs both ingestion and flow."""

from __future__ import annotations

import argparse
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from config.backfill import add_trades, load_flat_file, perform, tasks
from ingestion.backfill.backfill_request import DEFAULT_TABLES, EVERY, BadWish, Table, Wish, wish
from ingestion.backfill.engine.clients import Clients
from ingestion.backfill.estimate import describe
from ingestion.backfill.plan import plan
from ingestion.backfill.prepare import prepare
from ingestion.backfill.run import run
from ingestion.backfill.selection import Depth
from ingestion.backfill.summary import Summary, picture
from provider.errors import ProviderError
from provider.rate_limit import pace_of
from warehouse import clock
from warehouse.console import console_on

INTERRUPTED = 130  # the shell's exit code for a command ended by Ctrl-C
GO_ON = "Stopped, and nothing is lost: the same command goes on where it stopped, and repeats no finished request."

LOST = (
    "A process that computes was killed, perhaps for want of memory; nothing that was done is lost. Run the same"
    " command again."
)


class Command(BaseCommand):
    help = (
        "Rebuilds the past from contract lists, option bars and the underlying's bars: greeks, gamma, IV percentile"
        " and market regime of past sessions. Says first what it will cost; Ctrl-C is safe; running it again goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--symbols", type=_words, default=[], help="SPY,QQQ; by default every watched chain")
        add("--days", type=int, default=90, help="calendar days back (default 90)")
        add(
            "--until",
            type=_day,
            metavar="YYYY-MM-DD",
            help="the last day; by default the last closed session",
        )
        add(
            "--tables",
            type=_words,
            default=list(DEFAULT_TABLES),
            help=f"of {','.join(Table)}; all but flow by default; greeks and gamma are rebuilt together",
        )
        add(
            "--full",
            action="store_true",
            help="every contract in the band, instead of about 45 a session: hours",
        )
        add(
            "--band",
            type=float,
            default=10.0,
            metavar="PERCENT",
            help="strikes either side of spot (default 10)",
        )
        add("--max-dte", type=int, default=60, metavar="DAYS", help="longest life of a contract (default 60)")
        add("--every", default="close", help=f"{' or '.join(EVERY)}: snapshots of a session (default close)")
        add(
            "--dry-run",
            action="store_true",
            help="what it would take; asks only for what that rests on",
        )
        add("--queue", action="store_true", help="spread over the workers that serve the queue backfill")
        add(
            "--flat-file",
            type=Path,
            metavar="FILE",
            help="trades from a trades file (csv.gz) instead of the provider",
        )

    def handle(self, *, dry_run: bool, queue: bool, flat_file: Path | None, **options: Any) -> None:
        console = console_on(self.stdout)
        try:
            wanted = _wish(options)
            if flat_file is not None:
                symbols = [str(entry.symbol) for entry in wanted.entries]
                console.print(load_flat_file(flat_file, symbols, clock.now_ms()))
                return
            summary = carry_out(wanted, console, dry_run=dry_run, queue=queue)
        except BadWish as error:
            raise CommandError(str(error)) from None
        except ProviderError as error:
            raise CommandError(f"{error} What was answered is kept; run the same command again.") from None
        except BrokenProcessPool:
            raise CommandError(LOST) from None
        except KeyboardInterrupt:
            raise CommandError(GO_ON, returncode=INTERRUPTED) from None
        if summary is not None and summary.unrepaired:
            raise CommandError(f"{summary.unrepaired:,} pieces did not finish: run the same command again.")


def carry_out(wanted: Wish, console: Console, *, dry_run: bool, queue: bool) -> Summary | None:
    """Prepares, says what it will take, does it and shows what it came to; None after a dry run.

    Raises KeyboardInterrupt once the work in hand has ended, and one of provider.errors while preparing.
    """
    clients = Clients()
    try:
        preparation = prepare(wanted, clients, lambda text: console.print(text), clock.now_ms())
        work = plan(wanted, preparation)
        if Table.FLOW in wanted.tables:
            add_trades(work, preparation)
        pace = pace_of(settings.MASSIVE_BASE_URL, settings.MASSIVE_REQUESTS_PER_SECOND)
        for line in describe(wanted, work, pace):
            console.print(line, soft_wrap=True, highlight=False)
        if dry_run:
            return None
        summary = run(wanted, preparation, work, clients, perform(), tasks() if queue else None, console)
    finally:
        clients.stop()
        clients.close()
    for table in picture(summary):
        console.print(table)
    return summary


def _wish(options: dict[str, Any]) -> Wish:
    try:
        depth = Depth(options["full"], options["band"], options["max_dte"])
    except ValueError:
        raise BadWish("--band is above 0 and at most 100 percent, --max-dte at least 1 day.") from None
    return wish(
        options["symbols"],
        options["days"],
        options["until"],
        options["tables"],
        depth,
        options["every"],
        clock.now_ms(),
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a date looks like 2026-11-18, not {text}") from None
