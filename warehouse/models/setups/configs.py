"""Weights with which the scanner scores firings."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import ConfigStatus

TABLE = "confluence_configs"


class ConfluenceConfig(models.Model):
    """Grain: one set of weights. Key: (id). Never deleted automatically: old signals name the row they used.

    At most one row is active. Without one, the scanner uses the numbers of `quant.score_thresholds`.
    """

    id = columns.row_id()
    name = columns.text("what it is, in a few words; no unit", null=False)
    status = columns.choice(ConfigStatus, "whether the scanner uses it", null=False)
    weights = columns.json("weights, thresholds and multipliers; no unit", null=False)
    made_by = columns.text("user or optimisation that made it; no unit", null=False)
    created_at = columns.epoch_ms("when it was made")
    promoted_at = columns.epoch_ms("when it became active, null before", null=True, blank=True)
    promoted_by = columns.text("user who promoted it; no unit")
    retired_at = columns.epoch_ms("when another one became active, null before", null=True, blank=True)

    class Meta:
        db_table = TABLE
        db_table_comment = "Sets of weights for the scores of signals."
        verbose_name, verbose_name_plural = "weights", "weights of scores"
        constraints = [
            columns.one_of(TABLE, "status", ConfigStatus),
            models.UniqueConstraint(
                fields=["status"], condition=models.Q(status="active"), name="confluence_configs_one_active"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)
