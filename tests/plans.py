"""What a query's plan reads, and how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

LARGE = ("historical_greeks", "options_flow_history")


@dataclass(frozen=True)
class Scan:
    """One table or partition of the large tables that was read: by which node, and what fell to its filter."""

    node: str
    relation: str
    rows: float

    @property
    def sequential(self) -> bool:
        return self.node == "Seq Scan"


def scans(sql: str) -> list[Scan]:
    """Runs the query; its scans of the large tables' partitions, those that were really made. SQL functions are
    opened as far as the planner inlines them, which it does not for functions that set a search_path."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql.strip().rstrip(';')}")
        ((found,),) = cursor.fetchall()
    plan = found if isinstance(found, list) else json.loads(found)
    return [
        Scan(node["Node Type"], node["Relation Name"], node["Actual Rows"])
        for node in _nodes(plan[0]["Plan"])
        if node.get("Relation Name", "").startswith(LARGE) and node["Actual Loops"]
    ]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
