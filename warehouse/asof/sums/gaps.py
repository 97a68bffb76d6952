"""Times in which the stream of trades was not received, of the table `stream_gap`. Times are epoch ms."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

_GAPS = """
SELECT from_ms, to_ms FROM stream_gap
WHERE feed LIKE 'options%%' AND from_ms <= %(last)s AND (to_ms IS NULL OR to_ms >= %(first)s) ORDER BY from_ms
"""


class Gap(NamedTuple):
    """One gap: the last message before it, and the first one after it, None while it lasts."""

    from_ms: int
    to_ms: int | None


def read(first_ms: int, last_ms: int) -> tuple[Gap, ...]:
    """Return the gaps of all feeds of option trades that overlap a range of times, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, {"first": first_ms, "last": last_ms})
        return tuple(Gap(*row) for row in cursor.fetchall())
