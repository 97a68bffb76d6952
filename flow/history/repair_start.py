"""Start of a repair: which gaps of a feed are repaired together, and what a repair has to wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from flow.delivery.inbox import Inbox
from flow.history.active_contracts import ActiveContract, chain_since, is_trading
from flow.history.gaps import ended_gaps
from warehouse.models import Heartbeat, RepairContract, StreamGap
from warehouse.models.enums import RepairOutcome, WorkerStatus
from warehouse.queries import watched_flow

SETTLE_MS = 60_000  # messages received within this time may still be in the consumer's buffers
CHAIN_WAIT_MS = 20 * 60_000  # for the chain after the gap, whose volumes show which contracts traded
SPOOLED = "spool_bytes"  # key of a consumer's heartbeat: bytes on its spool
HEARTBEAT_TIMEOUT_MS = 60_000  # a consumer without heartbeat for so long, and not stopped, is assumed dead
MERGE_DISTANCE_MS = 10 * 60_000  # between two gaps that are repaired together
MAX_MERGED_MS = 60 * 60_000  # from the start of the first gap to the end of the last
CONSUMER_FORGOTTEN_MS = 24 * 3_600_000  # a consumer without heartbeat for so long does not delay repairs
_INSERTED_TOGETHER = 5_000


@dataclass(frozen=True, slots=True)
class Repair:
    """Gaps that are repaired together. The contracts to ask belong to the first one."""

    gaps: tuple[StreamGap, ...]

    @property
    def id(self) -> int:
        return int(self.gaps[0].id)

    @property
    def from_ms(self) -> int:
        return min(int(gap.from_ms) for gap in self.gaps)

    @property
    def to_ms(self) -> int:
        return max(int(gap.to_ms) for gap in self.gaps)


def started_repair(feed: str) -> Repair | None:
    """Return the repair of a feed that has started and not ended, the oldest one, or None."""
    started = [gap for gap in ended_gaps(feed) if gap.repair_id is not None]
    first = next((gap for gap in started if gap.repair_id == gap.id), None)
    if first is None:
        return None
    others = (gap for gap in started if gap.repair_id == first.id and gap.id != first.id)
    return Repair((first, *others))


def possible_repair(feed: str, inbox: Inbox, now_ms: int) -> Repair | str:
    """Return the gaps of a feed to repair next: the oldest that can be, and those near it.

    They are repaired together, because the same contracts would be asked for each. Returns the reason if there are
    none.
    """
    waiting = ended_gaps(feed)
    reasons = {gap.id: reason_to_wait(int(gap.to_ms), inbox, now_ms) for gap in waiting}
    ready = [gap for gap in waiting if not reasons[gap.id]]
    if not ready:
        return f"the repair waits for {reasons[waiting[0].id]}" if waiting else "no gap needs a repair"
    together = [ready[0]]
    from_ms, to_ms = int(ready[0].from_ms), int(ready[0].to_ms)
    for gap in ready[1:]:
        first, last = min(from_ms, gap.from_ms), max(to_ms, int(gap.to_ms))
        if gap.from_ms <= to_ms + MERGE_DISTANCE_MS and last - first <= MAX_MERGED_MS:
            together.append(gap)
            from_ms, to_ms = first, last
    return Repair(tuple(together))


def start(repair: Repair, contracts: Sequence[ActiveContract]) -> bool:
    """Store the contracts to ask for a repair; from now on its gaps do not change.

    Returns False, and stores nothing, if one of the gaps changed since it was read.
    """
    with transaction.atomic():
        ids = [gap.id for gap in repair.gaps]
        locked = StreamGap.objects.select_for_update().filter(id__in=ids)
        present = {(gap.id, gap.from_ms, gap.to_ms, gap.status) for gap in locked}
        if present != {(gap.id, gap.from_ms, gap.to_ms, gap.status) for gap in repair.gaps}:
            return False
        # Of an earlier repair, if an operator has opened the gap again.
        RepairContract.objects.filter(gap_id=repair.id).delete()
        StreamGap.objects.filter(id__in=ids).update(repair_id=repair.id, contracts=len(contracts))
        RepairContract.objects.bulk_create(
            (
                RepairContract(gap_id=repair.id, outcome=RepairOutcome.WAITING, **contract._asdict())
                for contract in contracts
            ),
            batch_size=_INSERTED_TOGETHER,
        )
    return True


def reason_to_wait(to_ms: int, inbox: Inbox, now_ms: int) -> str:
    """Return what the repair of a gap that ends at `to_ms` has to wait for, '' when it can start."""
    if now_ms < to_ms + SETTLE_MS:
        return "the stream to settle"
    if undelivered := undelivered_trades(to_ms, inbox, now_ms):
        return undelivered
    chains = [str(entry.symbol) for entry in watched_flow() if entry.ingest_chain]
    in_time = now_ms < to_ms + CHAIN_WAIT_MS
    if chains and in_time and is_trading(to_ms) and not chain_since(chains, to_ms):
        return "the chain after the gap"
    return ""


def undelivered_trades(to_ms: int, inbox: Inbox, now_ms: int) -> str:
    """Return where trades of the stream from before `to_ms` may wait to be stored, '' when none do."""
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
    return ""
