"""Gaps of the stream, filled from the provider's past: `flow.tasks.repair_gap`.

A print that came by both ways is one row. Where the past carries sequence numbers, the table's key sees to it.
Where it carries none, equal prints are counted: those the table lacks are inserted, under negative ordinals.
So a repair must wait until nothing of that time is still on its way through the inbox or a consumer's spool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis

from flow import gaps
from flow.inbox import Inbox
from flow.locks import only_one
from flow.traded import chain_since, contracts_around
from flow.trades import Filled, fill
from quant import sessions
from warehouse import clock
from warehouse.models import Heartbeat, StreamGap
from warehouse.models.enums import GapStatus, WorkerStatus
from warehouse.queries import watched_flow

SETTLE_MS = 60_000  # what a consumer received before this long may still be in its buffers
CHAIN_WAIT_MS = 20 * 60_000  # for the chain after the gap, whose volumes name the contracts that traded
SPOOLED = "spool_bytes"  # in a consumer's heartbeat: batches on its disk
SILENT_MS = 60_000  # after its last word a consumer that did not say good-bye is taken to be dead
SPOOL_FORGOTTEN_MS = 24 * 3_600_000  # a consumer unheard of for so long does not hold up repairs


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did, or in `waits_for` why it has not begun."""

    filled: Filled | None = None
    waits_for: str = ""

    def __str__(self) -> str:
        return str(self.filled or f"the repair waits for {self.waits_for}")


def repair_gap(gap_id: int, redis_client: redis.Redis) -> Repaired:
    """Stores the prints of a gap that the table lacks, and closes it; again or at once from two, the same.

    Raises `provider.errors.Retryable` and `Incomplete`: the gap stays open and what was stored stays.
    """
    with only_one(f"gap {gap_id}") as mine:
        gap = StreamGap.objects.filter(id=gap_id, status=GapStatus.OPEN, to_ms__isnull=False).first()
        if gap is None or not mine:
            return Repaired(waits_for="nothing: the gap is closed, lasts, or is being repaired")
        waits_for = _waits_for(gap, Inbox(redis_client, str(gap.feed)))
        if waits_for:
            return Repaired(waits_for=waits_for)
        symbols = [str(entry.symbol) for entry in watched_flow()]
        wanted = contracts_around(symbols, gap.from_ms, gap.to_ms)
        done = fill(wanted, gap.from_ms, gap.to_ms)
        gaps.close_gap(gap_id, done.stored, done.unknown)
    return Repaired(done)


def _waits_for(gap: StreamGap, inbox: Inbox) -> str:
    """What is still on its way, or nothing."""
    now_ms, to_ms = clock.now_ms(), int(gap.to_ms)
    if now_ms < to_ms + SETTLE_MS:
        return "the stream to settle"
    # By the prints' own time: what was spooled arrives long after it was printed.
    earliest_ms = inbox.earliest_ms()
    if earliest_ms is not None and earliest_ms <= to_ms + SETTLE_MS:
        return "batches in the inbox"
    for beat in Heartbeat.objects.filter(
        last_scan__gt=now_ms - SPOOL_FORGOTTEN_MS, metadata__has_key=SPOOLED
    ):
        said: dict[str, Any] = beat.metadata or {}
        if said[SPOOLED]:
            return "batches in a spool"
        if beat.status != WorkerStatus.STOPPING and beat.last_scan < now_ms - SILENT_MS:
            return "a consumer that was killed, and may have left batches in its spool"
        if said.get("frame_bytes_waiting") and said.get("safe_ms", 0) <= to_ms:
            return "frames that are not decoded yet"
    chains = [entry.symbol for entry in watched_flow() if entry.ingest_chain]
    in_session = sessions.session_of(clock.instant(to_ms)) is not None
    if chains and in_session and now_ms < to_ms + CHAIN_WAIT_MS and not chain_since(chains, to_ms):
        return "the chain after it"
    return ""
