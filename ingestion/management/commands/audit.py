"""`manage.py audit SYMBOL [--date D [--to D]]`: recompute stored values and compare."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingestion.audit import audit
from ingestion.daily.session_range import add_session_arguments, closed_sessions
from warehouse import clock


class Command(BaseCommand):
    help = (
        "Recompute a symbol's stored gamma, IV percentile, volatility surface and daily sums and the market regime from"
        " stored rows and compare; read-only. Live, imported and backfilled rows."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="underlying, bare: SPX")
        add_session_arguments(parser)

    def handle(self, *, symbol: str, date: date | None, to: date | None, **options: Any) -> None:
        checked = differing = impossible = 0
        for day in closed_sessions(date, to, clock.now()):
            for found in audit(symbol.upper(), day):
                self.stdout.write(str(found))
                checked += not found.impossible
                impossible += bool(found.impossible)
                differing += bool(found.differing)
        if differing:
            raise CommandError(f"{differing} of {checked} rows differ from their recomputation.")
        if not checked:
            raise CommandError(f"Nothing of {symbol.upper()} could be recomputed.")
        unchecked = f"; {impossible} could not be recomputed" if impossible else ""
        self.stdout.write(f"{symbol.upper()}: all {checked} rows are equal to the last digit{unchecked}")
