"""`manage.py schema_page`: print docs/schema.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from warehouse.reports.schema_page import render


class Command(BaseCommand):
    help = "Prints docs/schema.md from the comments, keys and retention of the tables in the database."

    def handle(self, **options: Any) -> None:
        self.stdout.write(render(), ending="")
