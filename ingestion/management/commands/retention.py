"""`manage.py retention`: show what is past retention; `--apply` sums it, drops partitions and deletes rows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ingestion.daily.rollups import keep_retention
from warehouse import clock, partitions, retention


class Command(BaseCommand):
    help = "Show what is past retention, by table; with --apply, sum it by day, then drop and delete it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="drop the partitions and delete the rows")

    def handle(self, *, apply: bool, **options: Any) -> None:
        now_ms = clock.now_ms()
        for action in partitions.plan(now_ms):
            if action.verb == "drop":
                self.stdout.write(str(action))
        for policy in retention.POLICIES:
            rows = retention.expired(policy, now_ms).count()
            self.stdout.write(f"{policy.table:28} {rows:>10,} rows past retention (kept {policy.days} days)")
        self.stdout.write(f"{keep_retention(now_ms)}" if apply else "--apply carries this out")
