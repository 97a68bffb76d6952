"""Benchmarks at several sizes of the large tables, which are filled once for all benchmarks."""

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
    details: str


@dataclass(frozen=True, slots=True)
class Sized:
    """A timed function, and the tables whose size may affect it."""

    probe: Callable[[], Timed]
    tables: tuple[type[Greeks | Flow], ...]


def at_each_size(benchmarks: Mapping[str, Sized], report: Callable[[str], object]) -> dict[str, Measured]:
    """Return the time of each benchmark at the largest size; the reference is the time at the smallest size."""
    fill_small_tables()
    tables = [make() for make in (Greeks, Flow) if any(make in each.tables for each in benchmarks.values())]
    results: dict[str, list[Timed]] = {name: [] for name in benchmarks}
    try:
        for rows in row_counts():
            for table in tables:
                report(f"filling {table.table} to {rows:,} rows …")
                table.grow(rows)
                report(f"  {table.rows:,} rows, {bytes_of(table.table) / 1e9:.2f} GB with indexes")
            for name, benchmark in benchmarks.items():
                timed = benchmark.probe()
                results[name].append(timed)
                report(f"  {name} {timed.milliseconds:,.1f} ms: {timed.details}")
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
            details=f"at {counts[-1]:,} rows, reference at {counts[0]:,}: {large.details}",
        )
        for name, (small, *_, large) in ((name, (runs[0], *runs)) for name, runs in results.items())
    }


def bytes_of(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(bytes)::bigint FROM warehouse_partitions() WHERE parent = %s", [table])
        return int(cursor.fetchone()[0])
