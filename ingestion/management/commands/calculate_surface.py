"""`manage.py calculate_surface [SYMBOL …] [--date D [--to D]]`: calculate surfaces and term structures."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingestion.daily.session_range import add_session_arguments, closed_sessions
from ingestion.daily.volatility_surface import store_surface
from warehouse import clock, queries


class Command(BaseCommand):
    help = (
        "Calculate volatility surface and term structure of sessions from their last stored snapshots. Existing rows"
        " are updated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbols", nargs="*", help="underlyings; every watched chain by default")
        add_session_arguments(parser)

    def handle(self, *, symbols: list[str], date: date | None, to: date | None, **options: Any) -> None:
        days = closed_sessions(date, to, clock.now())
        names = symbols or [str(entry.symbol) for entry in queries.watched_chains()]
        results = [store_surface(name, day, again=True, is_history=True) for name in names for day in days]
        for result in results:
            self.stdout.write(str(result))
        if not any(result.stored for result in results):
            raise CommandError("Nothing was calculated.")
