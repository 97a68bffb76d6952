"""The ledger of ingestion."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import RunStatus

TABLE = "ingestion_runs"


class IngestionRun(models.Model):
    """Grain: one piece of work for one period. Key: (task, symbol, slot). Written by `warehouse.runs`; kept
    90 days.

    "Is the work of period X done?" is asked here, never inferred from the clock. `symbol` is '' for global
    tasks.
    """

    id = columns.row_id()
    task = columns.key("name of the work: ingest_chain; no unit")
    symbol = columns.key("underlying, empty for global work; no unit", blank=True, default="")
    slot = columns.epoch_ms("period the work is for")
    status = columns.choice(RunStatus, "STARTED without its lock is a crash and is redone", null=False)
    attempts = columns.count("times the work was started; attempts", null=False, default=1)
    contracts = columns.count("contracts the provider sent; contracts")
    rows = columns.count("rows really inserted; rows")
    rejected = columns.json("records left out, by reason; contracts")
    stages = columns.json("time spent, by stage; milliseconds")
    result = columns.json("small summary of what was computed; units as in its table")
    error = columns.text("why it failed, one sentence; no unit")
    started_at = columns.epoch_ms("when the last attempt started")
    finished_at = columns.epoch_ms("when the last attempt ended", null=True, blank=True)
    duration_ms = columns.big_count("length of the last attempt; milliseconds")
    data_delay_ms = columns.big_count("delay of the provider's data; milliseconds")

    class Meta:
        db_table = TABLE
        db_table_comment = "Which work was done for which period, with counts, times and errors."
        verbose_name = "ingestion run"
        constraints = [
            columns.unique(TABLE, "task", "symbol", "slot"),
            columns.one_of(TABLE, "status", RunStatus),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.symbol} {self.slot}"
