"""Gaps of the stream, filled from the provider's past: `flow.tasks.repair_gap`.

A trade that came by both ways is one row. Where the past carries sequence numbers, the table's key sees to it.
Where it carries none, equal trades are counted: those the table lacks are inserted, under negative ordinals.
So a repair must wait until nothing of that time is still on its way through the inbox or a consumer's spool.
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

SETTLE_MS = 60_000  # what a consumer received before this long may still be in its buffers
CHAIN_WAIT_MS = 20 * 60_000  # for the chain after the gap, whose volumes name the contracts that traded
SPOOLED = "spool_bytes"  # in a consumer's heartbeat: batches on its disk
HEARTBEAT_TIMEOUT_MS = 60_000  # after its last word a consumer that did not say good-bye is taken to be dead
MERGE_DISTANCE_MS = 10 * 60_000  # between two gaps that are filled in one go
MAX_MERGED_MS = 60 * 60_000  # from the first to the last of these
CONSUMER_FORGOTTEN_MS = 24 * 3_600_000  # a consumer unheard of for so long does not hold up repairs


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did, or in `waits_for` why it has not begun."""

    fetched: FetchedTrades | None = None
    waits_for: str = ""

    def __str__(self) -> str:
        return str(self.fetched or f"the repair waits for {self.waits_for}")


def repair_gap(gap_id: int, redis_client: redis.Redis, connect: Connect, now_ms: int) -> Repaired:
    """Stores the trades of a gap that the table lacks, and closes it; again or at once from two, the same.

    Gaps close to it that can be repaired by now are filled with it: the same contracts are asked for each of them.
    Raises `provider.errors.Retryable` and `Incomplete`: the gaps stay open and what was stored stays.
    """
    with ExitStack() as held:
        gap = _claim(gap_id, held)
        if gap is None:
            return Repaired(waits_for="nothing: the gap is closed, lasts, or is being repaired")
        inbox = Inbox(redis_client, str(gap.feed))
        waits_for = _reason_to_wait(gap, inbox, now_ms)
        if waits_for:
            return Repaired(waits_for=waits_for)
        together = [gap, *_nearby_gaps(gap, inbox, held, now_ms)]
        from_ms = min(int(one.from_ms) for one in together)
        to_ms = max(int(one.to_ms) for one in together)
        symbols = [str(entry.symbol) for entry in watched_flow()]
        done = fetch_missing_trades(
            contracts_around(symbols, from_ms, to_ms), from_ms, to_ms, connect, now_ms
        )
        for one in together:
            gaps.close_gap(one.id, _count_backfilled(one), done.unknown)
    return Repaired(done)


def _claim(gap_id: int, held: ExitStack) -> StreamGap | None:
    """The gap, if it awaits its repair and nobody else is at it; nobody is until `held` ends."""
    if not held.enter_context(advisory_lock(f"gap {gap_id}")):
        return None
    return StreamGap.objects.filter(id=gap_id, status=GapStatus.OPEN, to_ms__isnull=False).first()


def _nearby_gaps(gap: StreamGap, inbox: Inbox, held: ExitStack, now_ms: int) -> list[StreamGap]:
    """Other gaps of the feed, each close to the one before."""
    from_ms, to_ms, found = int(gap.from_ms), int(gap.to_ms), []
    waiting = StreamGap.objects.filter(status=GapStatus.OPEN, feed=gap.feed, to_ms__isnull=False)
    for other in waiting.exclude(id=gap.id).order_by("from_ms"):
        first, last = min(from_ms, other.from_ms), max(to_ms, other.to_ms)
        near = other.from_ms <= to_ms + MERGE_DISTANCE_MS and other.to_ms >= from_ms - MERGE_DISTANCE_MS
        if near and last - first <= MAX_MERGED_MS and not _reason_to_wait(other, inbox, now_ms):
            taken = _claim(other.id, held)
            if taken:
                found.append(taken)
                from_ms, to_ms = first, last
    return found


def _count_backfilled(gap: StreamGap) -> int:
    """How many trades of a gap's time a repair stored, whether in one attempt or several."""
    times = {"timestamp__gte": gap.from_ms, "timestamp__lte": gap.to_ms}
    return OptionsFlow.objects.filter(source=Source.BACKFILL, **times).count()


def _reason_to_wait(gap: StreamGap, inbox: Inbox, now_ms: int) -> str:
    """What is still on its way, or nothing."""
    to_ms = int(gap.to_ms)
    if now_ms < to_ms + SETTLE_MS:
        return "the stream to settle"
    # By the trades' own time: what was spooled arrives long after it was traded.
    earliest_ms = inbox.earliest_ms()
    if earliest_ms is not None and earliest_ms <= to_ms + SETTLE_MS:
        return "batches in the inbox"
    for beat in Heartbeat.objects.filter(
        last_scan__gt=now_ms - CONSUMER_FORGOTTEN_MS, metadata__has_key=SPOOLED
    ):
        said: dict[str, Any] = beat.metadata or {}
        if said[SPOOLED]:
            return "batches in a spool"
        if beat.status != WorkerStatus.STOPPING and beat.last_scan < now_ms - HEARTBEAT_TIMEOUT_MS:
            return "a consumer that was killed, and may have left batches in its spool"
        if said.get("frame_bytes_waiting") and said.get("safe_ms", 0) <= to_ms:
            return "frames that are not decoded yet"
    chains = [entry.symbol for entry in watched_flow() if entry.ingest_chain]
    in_session = sessions.session_of(clock.instant(to_ms)) is not None
    if chains and in_session and now_ms < to_ms + CHAIN_WAIT_MS and not chain_since(chains, to_ms):
        return "the chain after it"
    return ""
