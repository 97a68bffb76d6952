"""The market's clock as the database knows it."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns

TABLE = "warehouse_clock"


class WarehouseClock(models.Model):
    """Grain: the warehouse, one row. Key: (id). Written at each `migrate`, by the owner only (`warehouse.apps`).

    `warehouse_now_ms()` reads it in sessions that do not set `warehouse.clock_offset_ms`, such as those of psql.
    """

    id = models.BooleanField(
        primary_key=True,
        default=True,
        db_default=True,
        db_comment="always true, so that there is one row; true or false",
    )
    offset_ms = columns.big_count("CLOCK_OFFSET_MS, added to the real time; milliseconds", null=False)

    class Meta:
        db_table = TABLE
        db_table_comment = "Offset of the market's clock from the real time; one row."
        verbose_name, verbose_name_plural = "warehouse clock", "warehouse clock"
        constraints = [models.CheckConstraint(condition=models.Q(id=True), name=f"{TABLE}_one_row")]

    def __str__(self) -> str:
        return f"{self.offset_ms} ms"
