"""Repair of the stream's gaps from the provider's REST history, for `flow.tasks.repair_gap`.

A trade that arrives both ways is one row. Trades with sequence numbers are identified by the table's key. For trades
without, equal trades are counted, and those the table lacks are inserted with negative numbers. So a repair must wait
until no trade of that time is still in the inbox or in a consumer's spool.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import redis

from flow.delivery.inbox import Inbox
from flow.history import gaps
from flow.history.active_contracts import chain_since, contracts_around
from flow.storing.locks import advisory_lock
from flow.storing.process_trades import FetchedTrades, fetch_missing_trades
from provider.connection import Connect
from quant import sessions
from warehouse import clock
from warehouse.models import Heartbeat, OptionsFlow, StreamGap
from warehouse.models.enums import GapStatus, Source, WorkerStatus
from warehouse.queries import watched_flow

SETTLE_MS = 60_000  # messages received within this time may still be in the consumer's buffers
CHAIN_WAIT_MS = 20 * 60_000  # for the chain after the gap, whose volumes show which contracts traded
SPOOLED = "spool_bytes"  # key of a consumer's heartbeat: bytes on its spool
HEARTBEAT_TIMEOUT_MS = 60_000  # a consumer without heartbeat for so long, and not stopped, is assumed dead
MERGE_DISTANCE_MS = 10 * 60_000  # between two gaps that are repaired together
MAX_MERGED_MS = 60 * 60_000  # from the start of the first gap to the end of the last
CONSUMER_FORGOTTEN_MS = 24 * 3_600_000  # a consumer without heartbeat for so long does not delay repairs


@dataclass(frozen=True, slots=True)
class Repaired:
    """The result of a repair, or in `not_started` why it did not start."""

    fetched: FetchedTrades | None = None
    not_started: str = ""

    def __str__(self) -> str:
        return str(self.fetched or self.not_started)


def repair_gap(gap_id: int, redis_client: redis.Redis, connect: Connect, now_ms: int) -> Repaired:
    """Store the missing trades of a gap and close it. Repeated or simultaneous repairs give the same rows.

    Nearby gaps that can be repaired now are repaired together, because the same contracts would be fetched for each.
    Raises `provider.errors.Retryable` and `Incomplete`: the gaps stay open and the trades stored so far stay stored.
    """
    with ExitStack() as locks:
        gap = _claim(gap_id, locks)
        if gap is None:
            return Repaired(not_started="no repair: the gap is closed, has no end yet, or is being repaired")
        inbox = Inbox(redis_client, str(gap.feed))
        waits_for = _reason_to_wait(gap, inbox, now_ms)
        if waits_for:
            return Repaired(not_started=f"the repair waits for {waits_for}")
        merged = [gap, *_nearby_gaps(gap, inbox, locks, now_ms)]
        from_ms = min(int(each.from_ms) for each in merged)
        to_ms = max(int(each.to_ms) for each in merged)
        symbols = [str(entry.symbol) for entry in watched_flow()]
        fetched = fetch_missing_trades(
            contracts_around(symbols, from_ms, to_ms), from_ms, to_ms, connect, now_ms
        )
        for each in merged:
            gaps.close_gap(each.id, _count_backfilled(each), fetched.unknown)
    return Repaired(fetched)


def _claim(gap_id: int, locks: ExitStack) -> StreamGap | None:
    """Return the gap if it needs repair and is not locked by another process; lock it until `locks` closes."""
    if not locks.enter_context(advisory_lock(f"gap {gap_id}")):
        return None
    return StreamGap.objects.filter(id=gap_id, status=GapStatus.OPEN, to_ms__isnull=False).first()


def _nearby_gaps(gap: StreamGap, inbox: Inbox, locks: ExitStack, now_ms: int) -> list[StreamGap]:
    """Claim and return other gaps of the feed, each close to the previous one."""
    from_ms, to_ms, nearby = int(gap.from_ms), int(gap.to_ms), []
    waiting = StreamGap.objects.filter(status=GapStatus.OPEN, feed=gap.feed, to_ms__isnull=False)
    for other in waiting.exclude(id=gap.id).order_by("from_ms"):
        first, last = min(from_ms, other.from_ms), max(to_ms, other.to_ms)
        near = other.from_ms <= to_ms + MERGE_DISTANCE_MS and other.to_ms >= from_ms - MERGE_DISTANCE_MS
        if near and last - first <= MAX_MERGED_MS and not _reason_to_wait(other, inbox, now_ms):
            claimed = _claim(other.id, locks)
            if claimed:
                nearby.append(claimed)
                from_ms, to_ms = first, last
    return nearby


def _count_backfilled(gap: StreamGap) -> int:
    """Return the number of backfilled trades in a gap's time, over all attempts."""
    times = {"timestamp__gte": gap.from_ms, "timestamp__lte": gap.to_ms}
    return OptionsFlow.objects.filter(source=Source.BACKFILL, **times).count()


def _reason_to_wait(gap: StreamGap, inbox: Inbox, now_ms: int) -> str:
    """Return what the repair has to wait for, '' when it can start."""
    to_ms = int(gap.to_ms)
    if now_ms < to_ms + SETTLE_MS:
        return "the stream to settle"
    # By exchange time, because spooled trades arrive long after they were made.
    earliest_ms = inbox.earliest_ms()
    if earliest_ms is not None and earliest_ms <= to_ms + SETTLE_MS:
        return "batches in the inbox"
    for beat in Heartbeat.objects.filter(
        last_scan__gt=now_ms - CONSUMER_FORGOTTEN_MS, metadata__has_key=SPOOLED
    ):
        metadata: dict[str, Any] = beat.metadata or {}
        if metadata[SPOOLED]:
            return "batches in a spool"
        if beat.status != WorkerStatus.STOPPING and beat.last_scan < now_ms - HEARTBEAT_TIMEOUT_MS:
            return "a consumer that was killed, and may have left batches in its spool"
        if metadata.get("frame_bytes_waiting") and metadata.get("safe_ms", 0) <= to_ms:
            return "frames that are not decoded yet"
    chains = [entry.symbol for entry in watched_flow() if entry.ingest_chain]
    in_session = sessions.session_of(clock.instant(to_ms)) is not None
    if chains and in_session and now_ms < to_ms + CHAIN_WAIT_MS and not chain_since(chains, to_ms):
        return "the chain after the gap"
    return ""
