"""`manage.py ingest_now`: enqueue the chains that are due; `--wait` shows their progress."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.live import Live
from rich.table import Table

from ingestion.chains.due import DueChain, due_chains
from ingestion.chains.pricing.inputs import CURVE_SYMBOL
from ingestion.tasks import ingest_chain
from warehouse import clock
from warehouse.asof.expiration_curve import usd_curve
from warehouse.console import console_on
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

POLL_SECONDS = 0.25
_KNOWN_WITHIN = 20.0  # seconds; a chain may determine no rates
_ENDED = (RunStatus.DONE, RunStatus.FAILED)


class Command(BaseCommand):
    help = "Enqueue every chain of the watchlist that is due and not done. A worker fetches them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait", action="store_true", help="wait until every chain is done; fail if one is not"
        )
        parser.add_argument("--seconds", type=float, default=300.0, help="longest wait, seconds")

    def handle(self, *, wait: bool, seconds: float, **options: Any) -> None:
        until = time.monotonic() + seconds
        while True:
            due = due_chains(clock.now())
            named = ", ".join(wanted.symbol for wanted in due) or "none is due"
            self.stdout.write(f"{len(due)} chains enqueued: {named}")
            try:
                ingest(due, wait, until)
                return
            except CommandError:
                # Chains whose slot passed meanwhile are missed; those of the next slot are due now.
                if time.monotonic() > until or clock.now_ms() < min(wanted.deadline for wanted in due):
                    raise


def ingest(due: list[DueChain], wait: bool, until: float) -> None:
    """Enqueue chains and, with `wait`, wait for them. Raises CommandError as `watch`."""
    # The others are priced with the rates of the curve's chain, so that it comes first where it is awaited.
    first = [wanted for wanted in due if wait and wanted.symbol == CURVE_SYMBOL]
    if first and usd_curve(CURVE_SYMBOL, clock.now_ms()) is None:
        enqueue(first)
        watch(first, until)
        await_curve(until)
        due = [wanted for wanted in due if wanted not in first]
    enqueue(due)
    if wait and due:
        watch(due, until)


def enqueue(due: list[DueChain]) -> None:
    """Send the tasks of chains."""
    for wanted in due:
        ingest_chain.delay(wanted.symbol, wanted.slot, wanted.deadline)


def await_curve(until: float) -> None:
    """Wait until the rates of the chain just stored count as known: ten seconds after its transaction began."""
    with console_on().status(f"waiting for the rates of {CURVE_SYMBOL}"):
        known_until = min(until, time.monotonic() + _KNOWN_WITHIN)
        while usd_curve(CURVE_SYMBOL, clock.now_ms()) is None and time.monotonic() < known_until:
            time.sleep(POLL_SECONDS)


def watch(due: list[DueChain], until: float) -> None:
    """Show the runs until all have ended. Raises CommandError with those that failed or did not end in time."""
    console = console_on()
    shown: dict[str, str] = {}
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            runs = _runs(due)
            if console.is_terminal:
                live.update(_table(due, runs), refresh=True)
            for symbol, run in runs.items():
                if shown.get(symbol) != run.status:
                    shown[symbol] = run.status
                    console.print(_line(run))
            unfinished = [wanted.symbol for wanted in due if shown.get(wanted.symbol) not in _ENDED]
            if not unfinished or time.monotonic() > until:
                break
            time.sleep(POLL_SECONDS)
    wrong = [_line(run) for run in runs.values() if run.status == RunStatus.FAILED]
    wrong += [f"{symbol} did not finish in time" for symbol in unfinished]
    if wrong:
        raise CommandError("; ".join(wrong))


def _runs(due: list[DueChain]) -> dict[str, IngestionRun]:
    slots = {wanted.slot for wanted in due}
    symbols = {wanted.symbol for wanted in due}
    found = IngestionRun.objects.filter(task=RunTask.INGEST_CHAIN, symbol__in=symbols, slot__in=slots)
    return {run.symbol: run for run in found}


def _line(run: IngestionRun) -> str:
    if run.status == RunStatus.DONE:
        return f"{run.symbol}: {run.contracts:,} contracts, {run.rows:,} rows in {run.duration_ms:,} ms"
    return f"{run.symbol}: {run.status.lower()}{f', {run.error}' if run.error else ''}"


def _table(due: list[DueChain], runs: dict[str, IngestionRun]) -> Table:
    table = Table("symbol", "state", "contracts", "rows")
    for wanted in due:
        run = runs.get(wanted.symbol)
        table.add_row(
            wanted.symbol,
            run.status if run else "waiting for a worker",
            f"{run.contracts or 0:,}" if run else "",
            f"{run.rows or 0:,}" if run else "",
        )
    return table
