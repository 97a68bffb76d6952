"""`manage.py calculate_regime [--date D [--to D]]`: calculate market regimes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.session_range import add_session_arguments, closed_sessions
from warehouse import clock


class Command(BaseCommand):
    help = "Calculate the market regime of sessions. Existing rows are updated."

    def add_arguments(self, parser: CommandParser) -> None:
        add_session_arguments(parser)

    def handle(self, *, date: date | None, to: date | None, **options: Any) -> None:
        results = [
            calculate_market_regime(day, clock.now_ms(), again=True)
            for day in closed_sessions(date, to, clock.now())
        ]
        for result in results:
            self.stdout.write(str(result))
        if not any(result.stored for result in results):
            raise CommandError("Nothing was calculated.")
