"""Confluence of each symbol at each bar of a session."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns

TABLE = "confluence_bars"


class ConfluenceBar(models.Model):
    """Grain: one symbol at the end of a 15-minute bar. Key: (symbol, bar_end). Kept two years.

    The side is that of the newest active signal, else that of the timeframes; 0 has neither.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    bar_end = columns.epoch_ms("end of the bar")
    side = columns.count("side that is measured, 1 rising, -1 falling, 0 without one; no unit", null=False)
    overall = columns.real("weighted mean of the components, null without data; points of 0 to 100")
    components = columns.json("components with their checks; points of 0 to 100", null=False)
    method_version = columns.method_version()
    known_at = columns.known_at()

    class Meta:
        db_table = TABLE
        db_table_comment = "Confluence of each symbol at each bar of 15 minutes."
        verbose_name, verbose_name_plural = "confluence of a bar", "confluence by bar"
        indexes = [models.Index(fields=["bar_end", "id"], name="confluence_bars_newest_idx")]
        constraints = [
            columns.unique(TABLE, "symbol", "bar_end"),
            models.CheckConstraint(
                condition=models.Q(side__in=[-1, 0, 1]), name="confluence_bars_side_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol}, {clock.new_york_text(self.bar_end)}"
