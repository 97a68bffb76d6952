"""The scans of a query's plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

LARGE = ("historical_greeks", "options_flow_history")


@dataclass(frozen=True)
class Scan:
    """One scan of a partition in a query plan: the plan node, the partition, and the rows read before filtering."""

    node: str
    relation: str
    rows: float

    @property
    def sequential(self) -> bool:
        """Whether rows were read sequentially. An empty partition is always read in this way and does not count."""
        return self.node == "Seq Scan" and self.rows > 0


def scans(sql: str) -> list[Scan]:
    """Run the query and return its scans of partitions of the large tables that were executed.

    SQL functions are included only if the planner inlines them, which excludes functions with a search_path.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql.strip().rstrip(';')}")
        ((explained,),) = cursor.fetchall()
    plan = explained if isinstance(explained, list) else json.loads(explained)
    return [
        Scan(
            node["Node Type"],
            node["Relation Name"],
            node["Actual Rows"] + node.get("Rows Removed by Filter", 0),
        )
        for node in nodes(plan[0]["Plan"])
        if node.get("Relation Name", "").startswith(LARGE) and node["Actual Loops"]
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a node of a plan in JSON and all nodes below it."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
