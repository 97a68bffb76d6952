"""`manage.py signals_fields`: print the fields that conditions of patterns may name."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from rich.table import Table

from signals.patterns.fields import FIELDS
from warehouse.console import console_on


class Command(BaseCommand):
    help = "Prints the fields of patterns with type, unit, range and meaning."

    def handle(self, **options: Any) -> None:
        table = Table("field", "type", "unit", "range", "meaning", box=None, pad_edge=False)
        for field in FIELDS:
            table.add_row(field.name, field.kind, field.unit, field.range_text, field.meaning)
        console_on(self.stdout).print(table)
