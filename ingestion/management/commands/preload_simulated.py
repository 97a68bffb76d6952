"""`manage.py preload_simulated`: fill a new simulated warehouse with history."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ingestion.simulated.past_sums import Limits
from ingestion.simulated.preload import preload
from provider.errors import ProviderError
from warehouse import clock, queries

PROVIDER_QUOTED_CONTRACTS = 1_000  # of one connection


class Command(BaseCommand):
    help = (
        "Store history of the simulated market: bars, gamma and flow by slot, and a year of implied volatility. Only"
        " for a simulated market; sessions that are stored stay as they are."
    )

    def handle(self, **options: Any) -> None:
        if not settings.SIMULATED:
            raise CommandError("The market is not simulated; use `manage.py backfill` for real history.")
        limits = Limits(
            settings.FLOW_MINIMUM_CONTRACTS,
            settings.FLOW_QUOTE_PREMIUM,
            PROVIDER_QUOTED_CONTRACTS,
            settings.FLOW_QUOTE_REQUESTS_PER_SECOND,
        )
        started = time.monotonic()
        try:
            for part in preload(queries.watched_chains(), limits, clock.now_ms()):
                self.stdout.write(f"  {part.what}: {part.rows:,} rows, {time.monotonic() - started:.1f} s")
        except ProviderError as error:
            raise CommandError(str(error)) from None
