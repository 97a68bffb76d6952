"""`manage.py seed`: default watchlist, beat schedule, patterns, groups and admin user. A second run changes nothing.

A new admin user has the password in ADMIN_PASSWORD, or a random one that is shown once.
"""

from __future__ import annotations

import json
import os
import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from config.schedule import SCHEDULE, Scheduled
from ingestion.provider_client import lists_options
from provider.errors import ProviderError
from signals.patterns.seeds import add_seeds
from warehouse.models import WatchlistEntry
from warehouse.models.enums import UnderlyingKind
from warehouse.watchlist import add_default_symbols, spelled
from web.roles import store_groups


class Command(BaseCommand):
    help = "Creates the default watchlist, the beat schedule, patterns, groups and an admin user. Later edits are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--symbols", default="", help="comma list; default: SPX,NDX,SPY,QQQ,IWM")

    @transaction.atomic
    def handle(self, *, symbols: str, **options: Any) -> None:
        wanted = [spelled(symbol) for symbol in symbols.split(",") if symbol.strip()]
        watched = set(WatchlistEntry.objects.values_list("symbol", flat=True))
        try:
            added = add_default_symbols(wanted)
        except ValueError as error:
            raise CommandError(f"{error} Nothing was added.") from None
        self._ask_provider([symbol for symbol in wanted if symbol not in watched])
        scheduled = sum(self._schedule(entry) for entry in SCHEDULE)
        patterns, groups = add_seeds(), store_groups()
        self.stdout.write(
            f"watchlist: {added} symbols added; schedule: {scheduled} entries added; patterns: {patterns} added; "
            f"groups: {groups} added"
        )
        self._admin_user()

    def _ask_provider(self, symbols: list[str]) -> None:
        """Refuse new symbols that the provider does not know. Known indexes and ETFs are not asked for."""
        for entry in WatchlistEntry.objects.filter(symbol__in=symbols, kind=UnderlyingKind.STOCK):
            try:
                if not lists_options(entry.provider_symbol):
                    raise CommandError(f"The provider lists no options of {entry.symbol}. Nothing was added.")
            except ProviderError as error:
                self.stdout.write(f"{entry.symbol} is added without asking the provider: {error}")

    @staticmethod
    def _schedule(entry: Scheduled) -> bool:
        """Add an entry that does not exist yet, so that deployments keep what operators edited or disabled."""
        crontab, _ = CrontabSchedule.objects.get_or_create(
            minute=entry.minute,
            hour="*",
            day_of_week="*",
            day_of_month="*",
            month_of_year="*",
            timezone="UTC",
        )
        _, created = PeriodicTask.objects.get_or_create(
            name=entry.name,
            defaults={
                "task": entry.task,
                "crontab": crontab,
                "kwargs": json.dumps(entry.kwargs),
                "queue": entry.queue,
                "expire_seconds": entry.expire_seconds,
                "description": entry.description,
            },
        )
        return bool(created)

    def _admin_user(self) -> None:
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return
        given = os.environ.get("ADMIN_PASSWORD", "")
        password = given or secrets.token_urlsafe(15)
        users.create_superuser(username="admin", password=password)
        self.stdout.write("admin user: admin" if given else f"admin user: admin / {password}   (shown once)")
