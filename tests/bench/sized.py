"""Measurements at several sizes of the large tables, which are filled once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import connection

from tests.bench.measure import Measured
from tests.bench.tables import Flow, Greeks, empty, fill_small_tables, row_counts


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds at one size."""

    milliseconds: float
    says: str


@dataclass(frozen=True, slots=True)
class Sized:
    """What is timed, and the tables whose size might matter to it."""

    probe: Callable[[], Timed]
    tables: tuple[type[Greeks | Flow], ...]


def at_each_size(benchmarks: Mapping[str, Sized], say: Callable[[str], object]) -> dict[str, Measured]:
    """What each takes at the largest size, with the smallest as reference: a ratio of 1 is flat."""
    fill_small_tables()
    tables = [make() for make in (Greeks, Flow) if any(make in each.tables for each in benchmarks.values())]
    found: dict[str, list[Timed]] = {name: [] for name in benchmarks}
    try:
        for rows in row_counts():
            for table in tables:
                say(f"filling {table.table} to {rows:,} rows …")
                table.grow(rows)
                say(f"  {table.rows:,} rows, {bytes_of(table.table) / 1e9:.2f} GB with indexes")
            for name, benchmark in benchmarks.items():
                timed = benchmark.probe()
                found[name].append(timed)
                say(f"  {name} {timed.milliseconds:,.1f} ms: {timed.says}")
    finally:
        for table in tables:
            empty(table.table)
    counts = row_counts()
    return {
        name: Measured(
            value=large.milliseconds,
            unit="ms",
            reference=small.milliseconds,
            ratio=small.milliseconds / large.milliseconds,
            says=f"at {counts[-1]:,} rows, reference at {counts[0]:,}: {large.says}",
        )
        for name, (small, *_, large) in ((name, (runs[0], *runs)) for name, runs in found.items())
    }


def bytes_of(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(bytes)::bigint FROM warehouse_partitions() WHERE parent = %s", [table])
        return int(cursor.fetchone()[0])
