"""Ledger of ingestion."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import RunStatus

TABLE = "ingestion_runs"


class IngestionRun(models.Model):
    """Grain: the work of one task for one period. Key: (task, symbol, slot). Kept 90 days.

    Written by `warehouse.runs`. It decides whether the work for a period is done. `symbol` is '' for tasks of all
    symbols.
    """

    id = columns.row_id()
    task = columns.key("name of the task, such as ingest_chain; no unit")
    symbol = columns.key("underlying, empty for tasks of all symbols; no unit", blank=True, default="")
    slot = columns.epoch_ms("period of the run")
    status = columns.choice(
        RunStatus, "state; STARTED without its lock is a crash and is repeated", null=False
    )
    attempts = columns.count("number of starts; attempts", null=False, default=1)
    contracts = columns.count("contracts the provider sent; contracts")
    rows = columns.count("inserted rows; rows")
    rejected = columns.json("rejected records by reason; contracts")
    stages = columns.json("time by stage; milliseconds")
    result = columns.json("summary of the computed values; units as in their table")
    error = columns.text("why it failed, one sentence; no unit")
    started_at = columns.epoch_ms("start of the last attempt")
    finished_at = columns.epoch_ms("end of the last attempt", null=True, blank=True)
    duration_ms = columns.big_count("length of the last attempt; milliseconds")
    data_delay_ms = columns.big_count("delay of the provider's data; milliseconds")

    class Meta:
        db_table = TABLE
        db_table_comment = "Runs of all tasks by period, with counts, times and errors."
        verbose_name = "ingestion run"
        indexes = [models.Index(fields=["slot", "id"], name="ingestion_runs_slot_idx")]
        constraints = [
            columns.unique(TABLE, "task", "symbol", "slot"),
            columns.one_of(TABLE, "status", RunStatus),
        ]

    def __str__(self) -> str:
        name = f"{self.task} {self.symbol}".strip()
        return f"{name}, {clock.new_york_text(self.slot)}"
