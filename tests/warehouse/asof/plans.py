"""The partitions that the statements of a reader would read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.plans import nodes

OF_LISTS = (
    *(
        "flow_slots_time_idx",
        "gamma_by_expiration_time_idx",
        "gamma_exposure_time_idx",
        "gamma_slots_time_idx",
    ),
    *("historical_bars_newest_idx", "historical_greeks_newest_idx", "historical_greeks_not_live_idx"),
    *("options_flow_history_contract_idx", "options_flow_history_premium_order_idx"),
    *("options_flow_history_newest_idx", "options_flow_history_not_live_idx"),
)


def partitions_read(*readers: Callable[[], object]) -> set[str]:
    """Run the readers; return the partitions and tables in the plans of their statements."""
    return {node["Relation Name"] for node in _scans(readers)}


def indexes_read(*readers: Callable[[], object]) -> list[str | None]:
    """Run the readers without sequential scans; return the index of each scan, None for one without an index.

    A table of a few rows is read sequentially although its index fits. Without sequential scans, a scan that has no
    index is one that no index fits.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    return [node.get("Index Name") for node in _scans(readers) if node["Node Type"] != "Bitmap Heap Scan"]


def keys_read(*readers: Callable[[], object]) -> list[str | None]:
    """Return `indexes_read` without the indexes of the admin's lists, until the end of the test's transaction.

    In a table of a few rows these serve a statement as well as the key does, and the planner chooses any of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {', '.join(OF_LISTS)}")
    return indexes_read(*readers)


def needs_sort(reader: Callable[[], object]) -> bool:
    """Run the reader; return whether a statement has to read and sort its range, because no index has the order."""
    with connection.cursor() as cursor:
        for kind in ("sort", "seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{kind} = off")
    return any("Sort" in node["Node Type"] for node in _nodes((reader,)))


def _scans(readers: tuple[Callable[[], object], ...]) -> Iterator[dict[str, Any]]:
    for node in _nodes(readers):
        if "Relation Name" in node or node["Node Type"] == "Bitmap Index Scan":
            yield node


def _nodes(readers: tuple[Callable[[], object], ...]) -> Iterator[dict[str, Any]]:
    for reader in readers:
        with CaptureQueriesContext(connection) as captured:
            reader()
        for query in captured.captured_queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql']}")
                ((explained,),) = cursor.fetchall()
            plan = explained if isinstance(explained, list) else json.loads(explained)
            yield from nodes(plan[0]["Plan"])
