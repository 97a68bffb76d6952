"""`manage.py partitions`: show missing and expired partitions; `--apply` creates and drops them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ingestion.daily.rollups import sum_up_expired
from warehouse import clock, partitions


class Command(BaseCommand):
    help = "Show which partitions to create and drop; with --apply, create and drop them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="carry out the plan")

    def handle(self, *, apply: bool, **options: Any) -> None:
        now_ms = clock.now_ms()
        plan = partitions.plan(now_ms)
        for action in plan:
            self.stdout.write(str(action))
        if not plan:
            self.stdout.write("nothing to do")
        elif apply:
            sum_up_expired(plan, now_ms)
            partitions.apply(plan, now_ms)
            self.stdout.write(f"{len(plan)} done")
        else:
            self.stdout.write(f"{len(plan)} planned; --apply carries them out")
