"""Time ranges that have been fetched completely, so that they are not requested again.

A range is a DONE run of the ledger. It ends at the run's slot and begins at `from_ms` in its result. Rows alone do not
tell what was fetched, because a minute without a trade has no bar. Adjacent ranges are merged when they are written, so
that the newest run covers all before it and older runs can be deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

FROM = "from_ms"
_ALL = """
SELECT symbol, (result ->> 'from_ms')::bigint, slot FROM ingestion_runs
WHERE task = %(task)s AND symbol = ANY(%(symbols)s) AND status = 'DONE' AND result ? 'from_ms'
"""
_NEAR = _ALL + " AND slot >= %(after_ms)s AND (result ->> 'from_ms')::bigint <= %(until_ms)s"


class Stretch(NamedTuple):
    """Time range (after_ms, until_ms] in epoch milliseconds."""

    after_ms: int
    until_ms: int


def covered(task: str, symbol: str, near: Stretch | None = None) -> list[Stretch]:
    """Return the fetched ranges of a symbol, merged, oldest first; with `near` only those that touch it."""
    return covered_by(task, [symbol], near).get(symbol, [])


def covered_by(task: str, symbols: Sequence[str], near: Stretch | None = None) -> dict[str, list[Stretch]]:
    """Return the fetched ranges of many symbols; a symbol without any is absent."""
    wanted: dict[str, Any] = {"task": task, "symbols": list(symbols)}
    if near:
        wanted |= near._asdict()
    known: dict[str, list[Stretch]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEAR if near else _ALL, wanted)
        for symbol, after_ms, until_ms in cursor.fetchall():
            known.setdefault(symbol, []).append(Stretch(after_ms, until_ms))
    return {symbol: _joined(stretches) for symbol, stretches in known.items()}


def _joined(known: list[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for stretch in sorted(known):
        if joined and stretch.after_ms <= joined[-1].until_ms:
            joined[-1] = Stretch(joined[-1].after_ms, max(joined[-1].until_ms, stretch.until_ms))
        else:
            joined.append(stretch)
    return joined


def missing(wanted: Stretch, known: Sequence[Stretch]) -> list[Stretch]:
    """Return the parts of `wanted` outside `known` (merged, oldest first), oldest first."""
    gaps, after_ms = [], wanted.after_ms
    for stretch in known:
        if stretch.until_ms <= after_ms or stretch.after_ms >= wanted.until_ms:
            continue
        if stretch.after_ms > after_ms:
            gaps.append(Stretch(after_ms, stretch.after_ms))
        after_ms = stretch.until_ms
    if after_ms < wanted.until_ms:
        gaps.append(Stretch(after_ms, wanted.until_ms))
    return gaps


def joined_start(fetched: Stretch, known: list[Stretch]) -> int:
    """Return the start of `fetched` merged with the known ranges that it touches."""
    touching = [s.after_ms for s in known if s.after_ms <= fetched.after_ms <= s.until_ms]
    return min(touching, default=fetched.after_ms)
