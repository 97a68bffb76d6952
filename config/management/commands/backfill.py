"""`manage.py backfill`: rebuild months of history from contract lists, bars and trades of the provider.

The command is in `config` because it needs both `ingestion` and `flow`.
"""

from __future__ import annotations

import argparse
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from config.backfill import add_trades, bars_of_detectors, celery_tasks, fetch_handlers, load_flat_file
from ingestion.backfill import summary
from ingestion.backfill.backfill_request import (
    DEFAULT_TABLES,
    SNAPSHOT_FREQUENCIES,
    BackfillRequest,
    InvalidRequest,
    Table,
    checked_request,
)
from ingestion.backfill.engine.clients import Clients
from ingestion.backfill.estimate import describe
from ingestion.backfill.plan import plan
from ingestion.backfill.prepare import prepare
from ingestion.backfill.run import run
from ingestion.backfill.selection import Depth
from provider.errors import ProviderError
from provider.rate_limit import pace_of
from warehouse import clock
from warehouse.console import INTERRUPTED, console_on, sigterm_interrupts

CONTINUES = (
    "Stopped. Nothing is lost: run the same command again to continue. Finished requests are not repeated."
)
PROCESS_KILLED = (
    "A compute process was killed, possibly because memory ran out. Finished jobs are kept: run the same command"
    " again."
)


class Command(BaseCommand):
    help = (
        "Rebuilds greeks, gamma, IV percentile and market regime of past sessions from contract lists, option bars and"
        " bars of the underlying. Prints an estimate first. It can be stopped with Ctrl-C or SIGTERM; the same command"
        " continues."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--symbols", type=_words, default=[], help="for example SPY,QQQ (default: every watched chain)")
        add("--days", type=int, default=90, help="calendar days back (default 90)")
        add(
            "--until",
            type=_date,
            metavar="YYYY-MM-DD",
            help="the last date (default: the last closed session)",
        )
        add(
            "--tables",
            type=_words,
            default=list(DEFAULT_TABLES),
            help=f"some of {','.join(Table)} (default: all but flow); greeks and gamma are always rebuilt together",
        )
        add(
            "--full",
            action="store_true",
            help="rebuild every contract in the band instead of about 45 per session; takes hours",
        )
        add(
            "--band",
            type=float,
            default=10.0,
            metavar="PERCENT",
            help="largest distance of a strike from spot, in percent (default 10)",
        )
        add(
            "--max-dte",
            type=int,
            default=60,
            metavar="DAYS",
            help="largest number of days to expiration (default 60)",
        )
        add(
            "--every",
            default="close",
            help=f"snapshots per session, {' or '.join(SNAPSHOT_FREQUENCIES)} (default close)",
        )
        add(
            "--dry-run",
            action="store_true",
            help="print the estimate and stop; sends only the requests that the estimate needs",
        )
        add("--queue", action="store_true", help="send the jobs to the workers of the queue backfill")
        add(
            "--flat-file",
            type=Path,
            metavar="FILE",
            help="load trades from a trades file (csv.gz) instead of the provider",
        )

    def handle(self, *, dry_run: bool, queue: bool, flat_file: Path | None, **options: Any) -> None:
        console = console_on(self.stdout)
        try:
            request = _request(options)
            if flat_file is not None:
                symbols = [str(entry.symbol) for entry in request.entries]
                console.print(load_flat_file(flat_file, symbols, clock.now_ms()))
                return
            with sigterm_interrupts():
                result = run_backfill(request, console, dry_run=dry_run, queue=queue)
        except InvalidRequest as error:
            raise CommandError(str(error)) from None
        except ProviderError as error:
            raise CommandError(
                f"{error} Answers received so far are kept; run the same command again."
            ) from None
        except BrokenProcessPool:
            raise CommandError(PROCESS_KILLED) from None
        except KeyboardInterrupt:
            raise CommandError(CONTINUES, returncode=INTERRUPTED) from None
        if result is not None and result.unfinished:
            raise CommandError(f"{result.unfinished:,} jobs did not finish: run the same command again.")


def run_backfill(
    request: BackfillRequest, console: Console, *, dry_run: bool, queue: bool
) -> summary.Summary | None:
    """Prepare a backfill, print its estimate, run it and print its summary; return None after a dry run.

    Raises KeyboardInterrupt after the running jobs have ended, and one of provider.errors during the preparation.
    """
    clients = Clients()
    try:
        prepared = prepare(request, clients, lambda text: console.print(text), clock.now_ms())
        jobs = plan(request, prepared, bars_of_detectors(request.sessions[0]))
        if Table.FLOW in request.tables:
            add_trades(jobs, prepared)
        pace = pace_of(settings.MASSIVE_BASE_URL, settings.MASSIVE_REQUESTS_PER_SECOND)
        for line in describe(request, jobs, pace):
            console.print(line, soft_wrap=True, highlight=False)
        if dry_run:
            return None
        tasks = celery_tasks() if queue else None
        result = run(request, prepared, jobs, clients, fetch_handlers(), tasks, console)
    finally:
        clients.stop()
        clients.close()
    for table in summary.tables(result):
        console.print(table)
    return result


def _request(options: dict[str, Any]) -> BackfillRequest:
    try:
        depth = Depth(options["full"], options["band"], options["max_dte"])
    except ValueError:
        raise InvalidRequest(
            "--band must be above 0 and at most 100 percent, --max-dte must be at least 1 day."
        ) from None
    return checked_request(
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


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a date such as 2026-11-18, not {text}") from None
