"""`manage.py flow_report SYMBOL`: recent flow from the table."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DataError
from psycopg.errors import InvalidParameterValue

from flow.report import flow_report
from flow.report_table import render
from warehouse import clock
from warehouse.console import console_on

MAX_MINUTES = 24 * 60


class Command(BaseCommand):
    help = "Shows sweeps, bullish and bearish premium and the newest trades of one underlying."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="the underlying, for example SPX")
        parser.add_argument("--minutes", type=int, default=60, help="length of the window before now")
        parser.add_argument("--trades", type=int, default=20, help="number of trades to list")

    def handle(self, *, symbol: str, minutes: int, trades: int, **options: Any) -> None:
        if not 1 <= minutes <= MAX_MINUTES:
            raise CommandError(f"--minutes must be from 1 to {MAX_MINUTES}, not {minutes}.")
        if trades < 1:
            raise CommandError(f"--trades must be at least 1, not {trades}.")
        try:
            report = flow_report(symbol.upper(), minutes, clock.now_ms(), trades)
        except DataError as error:
            if not isinstance(error.__cause__, InvalidParameterValue):
                raise
            raise CommandError(f"{error.__cause__.diag.message_primary}.") from None
        console = console_on()
        with console.capture() as captured:
            console.print(render(report, settings.SIMULATED))
        self.stdout.write(captured.get())
