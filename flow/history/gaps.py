"""Gaps: times without reception of a feed, recorded by the consumer and closed by the repair."""

from __future__ import annotations

from django.db import connection

from warehouse.models import StreamGap
from warehouse.models.enums import GapStatus

REASON_LENGTH = 500


def record_gap(feed: str, from_ms: int, to_ms: int | None, reason: str) -> int:
    """Record that messages of `feed` are missing between two times, epoch ms; return the gap's id.

    `to_ms` is None while the gap lasts. A later call with the same feed and `from_ms` moves the end, never back. If
    the repair of that gap has started, the time after its end becomes a new gap. A feed has one consumer, which has one
    gap at a time: the end of a gap also ends older gaps of the feed left open by a killed consumer.

    Raises ValueError when the end is before the start.
    """
    if to_ms is not None and to_ms < from_ms:
        raise ValueError(f"a gap cannot end at {to_ms}, before its start at {from_ms}")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO stream_gap AS g (feed, from_ms, to_ms, reason, status, repaired, unrepairable)"
            " VALUES (%s, %s, %s, %s, 'OPEN', 0, 0) ON CONFLICT (feed, from_ms) DO UPDATE"
            " SET to_ms = CASE WHEN g.status = 'OPEN' AND g.repair_id IS NULL"
            " THEN greatest(g.to_ms, excluded.to_ms) ELSE g.to_ms END"
            " RETURNING id, CASE WHEN g.status <> 'OPEN' OR g.repair_id IS NOT NULL THEN g.to_ms END",
            [feed, from_ms, to_ms, reason[:REASON_LENGTH]],
        )
        gap_id, repaired_until_ms = cursor.fetchone()
        if repaired_until_ms is not None and (to_ms is None or to_ms > repaired_until_ms):
            return record_gap(feed, max(repaired_until_ms, from_ms + 1), to_ms, reason)
        if to_ms is not None:
            cursor.execute(
                "UPDATE stream_gap SET to_ms = greatest(from_ms, %s)"
                " WHERE feed = %s AND to_ms IS NULL AND status = 'OPEN'",
                [to_ms, feed],
            )
    return int(gap_id)


def ended_gaps(feed: str | None = None) -> list[StreamGap]:
    """Return the gaps, of one feed or of all, that have an end and are not repaired yet, oldest first."""
    gaps = StreamGap.objects.filter(status=GapStatus.OPEN, to_ms__isnull=False)
    return list((gaps if feed is None else gaps.filter(feed=feed)).order_by("from_ms", "id"))


def close_gap(gap_id: int, repaired: int, unrepairable: int, now_ms: int) -> None:
    """Close a repaired gap with the number of trades stored and of contracts whose trades stay unknown."""
    status = GapStatus.UNREPAIRABLE if unrepairable else GapStatus.REPAIRED
    StreamGap.objects.filter(id=gap_id).update(
        status=status, repaired=repaired, unrepairable=unrepairable, repaired_at=now_ms
    )
