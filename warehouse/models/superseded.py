"""Earlier versions of rows that were computed again."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns

TABLE = "superseded_rows"


class SupersededRow(models.Model):
    """Grain: one version of a row that a later one replaced. Kept two years.

    Written by the trigger `keep_versions` of the tables whose rows may be computed again. The version was the row's
    from `known_at` until `superseded_at`.
    """

    id = columns.row_id()
    table_name = columns.key("table of the row; no unit")
    key = columns.json("key of the row, by column; no unit", null=False)
    row = columns.json("all columns of the version, without id; units of the columns", null=False)
    known_at = columns.epoch_ms("from when on the version was available")
    superseded_at = columns.epoch_ms("from when on a later version was available")

    class Meta:
        db_table = TABLE
        db_table_comment = "Earlier versions of rows that were computed again."
        verbose_name, verbose_name_plural = "superseded row", "superseded rows"
        indexes = [
            models.Index(fields=["table_name", "superseded_at"], name="superseded_rows_time_idx"),
            models.Index(fields=["superseded_at", "id"], name="superseded_rows_newest_idx"),
        ]

    def __str__(self) -> str:
        named = " ".join(str(self.key[name]) for name in self.key if name != "timestamp")
        at_ms = self.key.get("timestamp", self.superseded_at)
        return f"{self.table_name} {named}, {clock.new_york_text(at_ms)}"
