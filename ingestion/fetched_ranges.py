"""Time ranges that have been fetched completely, so that they are not requested again: the table `fetched_range`.

Every fetched range is a row of its own, and readers merge the rows. Merging on write would have to read and delete the
neighbours, which two writers of adjacent ranges cannot see before the commit, so readers would have to merge anyway. A
row is inserted in the transaction of the bars that it explains, and no writer waits for another unless both store
the same range. Retention removes old rows one by one without splitting any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection

# PostgreSQL merges ranges that overlap or touch. It returns them as [start, end) of integers.
_MERGED = """
SELECT symbol, lower(merged) - 1, upper(merged) - 1
FROM (SELECT symbol, unnest(range_agg(int8range(after_ms, until_ms, '(]'))) AS merged
      FROM fetched_range WHERE kind = %(kind)s AND symbol = ANY(%(symbols)s){near}
      GROUP BY symbol) AS ranges
ORDER BY 1, 2
"""
_ALL = _MERGED.format(near="")
_NEAR = _MERGED.format(near=" AND until_ms >= %(after_ms)s AND after_ms <= %(until_ms)s")
_COVERING = """
SELECT symbol FROM fetched_range
WHERE kind = %(kind)s AND symbol = ANY(%(symbols)s) AND until_ms > %(after_ms)s AND after_ms < %(until_ms)s
GROUP BY symbol
HAVING range_agg(int8range(after_ms, until_ms, '(]')) @> int8range(%(after_ms)s, %(until_ms)s, '(]')
"""
_RECORD = """
INSERT INTO fetched_range AS known (symbol, kind, after_ms, until_ms)
SELECT symbol, %(kind)s, min(after_ms), until_ms
FROM unnest(%(symbols)s::text[], %(afters)s::bigint[], %(untils)s::bigint[]) AS fetched (symbol, after_ms, until_ms)
GROUP BY symbol, until_ms
ORDER BY symbol COLLATE "C", until_ms
ON CONFLICT (symbol, kind, until_ms) DO UPDATE SET after_ms = excluded.after_ms
WHERE excluded.after_ms < known.after_ms
"""

_REPLACED = """
DELETE FROM fetched_range
WHERE kind = %(kind)s AND symbol = %(symbol)s AND until_ms > %(after_ms)s AND until_ms < %(until_ms)s
  AND after_ms >= %(after_ms)s
"""


class Stretch(NamedTuple):
    """Time range (after_ms, until_ms] in epoch milliseconds."""

    after_ms: int
    until_ms: int


def covered(kind: str, symbol: str, near: Stretch | None = None) -> list[Stretch]:
    """Return the fetched ranges of a symbol, merged, oldest first; with `near` only those that touch it."""
    return covered_by(kind, [symbol], near).get(symbol, [])


def covered_by(kind: str, symbols: Sequence[str], near: Stretch | None = None) -> dict[str, list[Stretch]]:
    """Return the fetched ranges of many symbols; a symbol without any is absent."""
    wanted: dict[str, Any] = {"kind": kind, "symbols": list(symbols)}
    if near:
        wanted |= near._asdict()
    known: dict[str, list[Stretch]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEAR if near else _ALL, wanted)
        for symbol, after_ms, until_ms in cursor.fetchall():
            known.setdefault(symbol, []).append(Stretch(after_ms, until_ms))
    return known


def symbols_covering(kind: str, symbols: Sequence[str], whole: Stretch) -> set[str]:
    """Return those of the symbols for which the whole range was fetched."""
    wanted: dict[str, Any] = {"kind": kind, "symbols": list(symbols)}
    with connection.cursor() as cursor:
        cursor.execute(_COVERING, wanted | whole._asdict())
        return {symbol for (symbol,) in cursor.fetchall()}


def record(kind: str, fetched: Iterable[tuple[str, Stretch]]) -> None:
    """Record ranges by symbol as fetched, with one statement, inside the transaction of their rows.

    The statement inserts in the order of the key, so that two writers of the same ranges wait for each other instead
    of deadlocking.
    """
    symbols, ranges = zip(*fetched, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD,
            {
                "kind": kind,
                "symbols": list(symbols),
                "afters": [stretch.after_ms for stretch in ranges],
                "untils": [stretch.until_ms for stretch in ranges],
            },
        )


def extend(kind: str, symbol: str, whole: Stretch) -> None:
    """Record a range that grows with each fetch, and delete the rows inside it, inside the transaction of its rows.

    For ranges that one writer extends each minute: they stay one row.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REPLACED, {"kind": kind, "symbol": symbol, **whole._asdict()})
    record(kind, [(symbol, whole)])


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
