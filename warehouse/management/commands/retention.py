"""`manage.py retention`: rows of the small tables that are past retention; `--apply` deletes them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from warehouse import clock, retention


class Command(BaseCommand):
    help = "Prints how many rows are past retention, by table; with --apply, deletes them in chunks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="delete the rows")

    def handle(self, *, apply: bool, **options: Any) -> None:
        now_ms = clock.now_ms()
        for policy in retention.POLICIES:
            rows = (
                retention.delete_expired(policy, now_ms)
                if apply
                else retention.expired(policy, now_ms).count()
            )
            verb = "deleted" if apply else "past retention"
            self.stdout.write(f"{policy.table:28} {rows:>10,} rows {verb} (kept {policy.days} days)")
