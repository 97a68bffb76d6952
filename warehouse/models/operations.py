"""Heartbeats of processes, gaps of the stream, batches that could not be stored, and the clock of the database."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import GapStatus, RepairOutcome, WorkerStatus


class Heartbeat(models.Model):
    """Grain: one long-running process. Key: (id), its name. Written every cycle by `warehouse.heartbeats`.

    A row with a fixed name is kept; that of a process id is deleted minutes after its last heartbeat.
    """

    id = columns.key("name of the worker: composite_scanner, flow_listener; no unit", primary_key=True)
    last_scan = columns.epoch_ms("end of the last cycle")
    signals_detected = columns.count("found in the last cycle; signals or rows", null=False, default=0)
    status = columns.choice(WorkerStatus, "state of the worker", null=False)
    metadata = columns.json("cycle time, errors, version, host, totals of the session; units in the keys")

    class Meta:
        db_table = "scanner_heartbeat"
        db_table_comment = "Last heartbeat of each long-running process."
        verbose_name = "heartbeat"
        constraints = [columns.one_of("scanner_heartbeat", "status", WorkerStatus)]

    def __str__(self) -> str:
        return str(self.id)


class StreamGap(models.Model):
    """Grain: one time range in which a feed was not received. Key: (feed, from_ms). Kept 90 days."""

    id = columns.row_id()
    feed = columns.key("feed and shard: options 1/2; no unit")
    from_ms = columns.epoch_ms("last message seen before the gap")
    to_ms = columns.epoch_ms("first message seen after the gap, null until it ends", null=True, blank=True)
    reason = columns.text("cause of the gap; no unit", null=False)
    status = columns.choice(GapStatus, "state of the repair", null=False)
    repaired = columns.count("trades the repair stored; trades", null=False, default=0)
    unrepairable = columns.count("contracts whose trades stay unknown; contracts", null=False, default=0)
    repair = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="repaired_gaps",
        db_comment="gap whose contracts are asked for this gap too, null before its repair starts; no unit",
    )
    contracts = columns.count(
        "contracts that may have traded in the gap; contracts", null=False, default=0, db_default=0
    )
    repaired_at = columns.epoch_ms("when the repair ended, null before", null=True, blank=True)

    class Meta:
        db_table = "stream_gap"
        db_table_comment = "Time ranges in which a live feed was not received, and their repair."
        verbose_name = "stream gap"
        constraints = [
            columns.unique("stream_gap", "feed", "from_ms"),
            columns.one_of("stream_gap", "status", GapStatus),
        ]

    def __str__(self) -> str:
        return f"{self.feed} from {clock.new_york_text(self.from_ms)}"


class RepairContract(models.Model):
    """Grain: one contract asked for a gap. Key: (gap_id, symbol, contract_ticker). Kept until the gap is closed.

    Contracts that the provider refused are kept for 90 days.
    """

    id = columns.row_id()
    gap = models.ForeignKey(
        StreamGap,
        models.CASCADE,
        db_index=False,
        related_name="repair_contracts",
        db_comment="first of the gaps that are repaired together; no unit",
    )
    symbol = columns.underlying()
    contract_ticker = columns.key("contract to ask for its trades: O:SPXW251219C06475000; no unit")
    volume = columns.real("volume around the gap, larger ones are asked first; contracts", null=False)
    outcome = columns.choice(RepairOutcome, "whether it was asked", null=False)
    attempts = columns.count("attempts to ask it; attempts", null=False, default=0)
    trades = columns.count("trades that were missing and are stored; trades", null=False, default=0)
    asked_at = columns.epoch_ms("when it was answered or refused, null before", null=True, blank=True)

    class Meta:
        db_table = "repair_contract"
        db_table_comment = "Contracts whose trades are fetched to repair a gap of the stream."
        verbose_name = "contract of a repair"
        verbose_name_plural = "contracts of repairs"
        constraints = [
            columns.unique("repair_contract", "gap", "symbol", "contract_ticker"),
            columns.one_of("repair_contract", "outcome", RepairOutcome),
        ]

    def __str__(self) -> str:
        return str(self.contract_ticker)


class DeadLetter(models.Model):
    """Grain: one batch that could not be stored. Key: (batch_id). Written by the flow workers; kept 90 days."""

    batch_id = columns.key("id of the batch; no unit", primary_key=True)
    payload = models.BinaryField(db_comment="the batch as it was in the inbox; bytes")
    error = columns.text("why the last attempt failed, one sentence; no unit", null=False)
    attempts = columns.count("attempts that failed on the payload; attempts", null=False)
    created_at = columns.epoch_ms("time of the last attempt")

    class Meta:
        db_table = "dead_letter"
        db_table_comment = "Batches of trades whose payload could not be stored."
        verbose_name = "dead letter"

    def __str__(self) -> str:
        return str(self.batch_id)


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
        db_table = "warehouse_clock"
        db_table_comment = "Offset of the market's clock from the real time; one row."
        verbose_name, verbose_name_plural = "warehouse clock", "warehouse clock"
        constraints = [models.CheckConstraint(condition=models.Q(id=True), name="warehouse_clock_one_row")]

    def __str__(self) -> str:
        return f"{self.offset_ms} ms"
