"""`manage.py gaps SYMBOL [--days N]`: list the slots whose chain is not stored, with reasons."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingestion.chains.gaps import missing_slots
from quant.sessions import NEW_YORK
from warehouse import clock
from warehouse.models import WatchlistEntry


class Command(BaseCommand):
    help = "List the missing chain slots of a symbol, with reasons. Times are New York."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="underlying, bare: SPX")
        parser.add_argument(
            "--days", type=int, default=5, help="number of sessions, today's included (default 5)"
        )

    def handle(self, *, symbol: str, days: int, **options: Any) -> None:
        if days < 1:
            raise CommandError(f"--days must be 1 or more, not {days}.")
        entry = WatchlistEntry.objects.filter(symbol=symbol.upper()).first()
        if entry is None:
            raise CommandError(f"{symbol.upper()} is not on the watchlist.")
        report = missing_slots(entry, clock.now(), days)
        for gap in report.gaps:
            self.stdout.write(
                f"{clock.instant(gap.slot).astimezone(NEW_YORK):%a %Y-%m-%d %H:%M}  {gap.reason}"
            )
        self.stdout.write(
            f"{entry.symbol}: {len(report.gaps)} of {report.expected} slots missing in {report.sessions} sessions"
        )
