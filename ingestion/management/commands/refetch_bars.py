"""`manage.py refetch_bars`: replace bars that were adjusted for later splits when they were fetched."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingestion.bars import refetch
from ingestion.daily.corporate_actions import fetch_splits, splits_are_known
from provider.errors import ProviderError
from warehouse import clock


class Command(BaseCommand):
    help = (
        "Marks bars from before is_adjusted that no split followed as unadjusted, and fetches the others again. May be"
        " stopped at any time; started again it continues."
    )

    def handle(self, **options: Any) -> None:
        now_ms = clock.now_ms()
        try:
            fetched = fetch_splits(now_ms)
            if not splits_are_known():
                raise CommandError(f"The splits of the bars are unknown. {fetched}")
            self.stdout.write(f"{refetch.mark_unsplit(now_ms):,} bars without a later split")
            for replaced in refetch.refetch():
                self.stdout.write(str(replaced))
        except ProviderError as error:
            raise CommandError(str(error)) from None
