"""`manage.py flow_report SYMBOL`: the flow of the last minutes, from the table."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from flow.report import flow_report
from flow.report_table import rendered
from warehouse.console import console_on

LONGEST = 24 * 60  # minutes


class Command(BaseCommand):
    help = "Shows sweeps, bullish and bearish premium and the newest prints of one underlying."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="the underlying: SPX")
        parser.add_argument("--minutes", type=int, default=60, help="how far back, by the market's clock")
        parser.add_argument("--prints", type=int, default=20, help="length of the tape")

    def handle(self, *, symbol: str, minutes: int, prints: int, **options: Any) -> None:
        if not 1 <= minutes <= LONGEST:
            raise CommandError(f"--minutes is from 1 to {LONGEST}, not {minutes}.")
        if prints < 1:
            raise CommandError(f"--prints is at least 1, not {prints}.")
        report = flow_report(symbol.upper(), minutes, prints)
        console = console_on()
        with console.capture() as captured:
            console.print(rendered(report, settings.SIMULATED))
        self.stdout.write(captured.get())
