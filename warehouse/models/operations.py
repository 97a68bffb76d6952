"""What the long-running workers say about themselves and about what they could not do."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import GapStatus, WorkerStatus


class Heartbeat(models.Model):
    """Grain: one long-running worker. Key: (id), its name. Written every cycle by
    `warehouse.heartbeats`; a stable name is kept for good, a process's for minutes after its last beat."""

    id = columns.key("name of the worker: composite_scanner, flow_listener; no unit", primary_key=True)
    last_scan = columns.epoch_ms("end of the last cycle")
    signals_detected = columns.count("what the last cycle found; signals or rows", null=False, default=0)
    status = columns.choice(WorkerStatus, "what the worker says of itself", null=False)
    metadata = columns.json("cycle time, errors, version, host, totals of the session; units in the keys")

    class Meta:
        db_table = "scanner_heartbeat"
        db_table_comment = "The last sign of life of each long-running worker."
        verbose_name = "heartbeat"
        constraints = [columns.one_of("scanner_heartbeat", "status", WorkerStatus)]

    def __str__(self) -> str:
        return str(self.id)


class StreamGap(models.Model):
    """Grain: one time a feed was not listened to. Key: (feed, from_ms). Kept 90 days."""

    id = columns.row_id()
    feed = columns.key("feed and shard: options 1/2; no unit")
    from_ms = columns.epoch_ms("last message seen before the gap")
    to_ms = columns.epoch_ms("first message seen after the gap, null while it lasts", null=True, blank=True)
    reason = columns.text("what cut the feed; no unit", null=False)
    status = columns.choice(GapStatus, "state of the repair", null=False)
    repaired = columns.count("trades the repair stored; trades", null=False, default=0)
    unrepairable = columns.count("contracts whose trades stay unknown; contracts", null=False, default=0)

    class Meta:
        db_table = "stream_gap"
        db_table_comment = "Times a live feed was cut, and what became of the repair."
        verbose_name = "stream gap"
        constraints = [
            columns.unique("stream_gap", "feed", "from_ms"),
            columns.one_of("stream_gap", "status", GapStatus),
        ]

    def __str__(self) -> str:
        return f"{self.feed} from {self.from_ms}"


class DeadLetter(models.Model):
    """Grain: one batch no attempt could store. Key: (batch_id). Written by the flow workers; kept 90 days."""

    batch_id = columns.key("identity of the batch; no unit", primary_key=True)
    payload = models.BinaryField(db_comment="the batch as it lay in the inbox; bytes")
    error = columns.text("why the last attempt failed, one sentence; no unit", null=False)
    attempts = columns.count("attempts that failed on the payload; attempts", null=False)
    created_at = columns.epoch_ms("when it was given up")

    class Meta:
        db_table = "dead_letter"
        db_table_comment = "Batches of trades whose payload could not be stored."
        verbose_name = "dead letter"

    def __str__(self) -> str:
        return str(self.batch_id)
