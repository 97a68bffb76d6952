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
    """One table or partition of the large tables that was read: by which node, and how many rows of it, those that
    fell to its filter among them."""

    node: str
    relation: str
    rows: float

    @property
    def sequential(self) -> bool:
        """Whether rows were walked; an empty partition is read this way and no other."""
        return self.node == "Seq Scan" and self.rows > 0


def scans(sql: str) -> list[Scan]:
    """Runs the query; its scans of the large tables' partitions, those that were really made. SQL functions are
    opened as far as the planner inlines them, which it does not for functions that set a search_path."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql.strip().rstrip(';')}")
        ((found,),) = cursor.fetchall()
    plan = found if isinstance(found, list) else json.loads(found)
    return [
        Scan(
            node["Node Type"],
            node["Relation Name"],
            node["Actual Rows"] + node.get("Rows Removed by Filter", 0),
        )
        for node in _nodes(plan[0]["Plan"])
        if node.get("Relation Name", "").startswith(LARGE) and node["Actual Loops"]
    ]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
