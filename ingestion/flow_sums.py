"""Sums of trades per symbol and period: one definition of each sum, for flow_slots and flow_daily."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from warehouse.asof.sums import coverage as side_coverage

# Sums of trades of one sweep, or of all trades in no sweep. Cancels and the trades they cancel are not counted.
# Premiums are summed where they are known; premium_unknown counts the other trades.
_OF_TRADES = {
    **side_coverage.sums("f.counted", "f.sided", "f.candidate"),
    "contracts": "coalesce(sum(f.size) FILTER (WHERE f.counted), 0)",
    "call_contracts": "coalesce(sum(f.size) FILTER (WHERE f.counted AND f.option_type = 'call'), 0)",
    "put_contracts": "coalesce(sum(f.size) FILTER (WHERE f.counted AND f.option_type = 'put'), 0)",
    "call_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.option_type = 'call'), 0)",
    "put_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.option_type = 'put'), 0)",
    "bullish_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.sentiment = 'BULLISH'), 0)",
    "bearish_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.sentiment = 'BEARISH'), 0)",
    "premium_unknown": "count(*) FILTER (WHERE f.counted AND f.premium IS NULL)",
    "blocks": "count(*) FILTER (WHERE f.counted AND f.is_block)",
    "unusual": "count(*) FILTER (WHERE f.counted AND f.is_unusual_volume)",
    "big_premium": """coalesce(sum(f.premium)
        FILTER (WHERE f.counted AND f.trade_type IN ('SWEEP', 'BLOCK', 'LARGE')), 0)""",
    "aggressive_premium": """coalesce(sum(f.premium)
        FILTER (WHERE f.counted AND f.aggressiveness = 'AGGRESSIVE'), 0)""",
}
# Sums of those. A sweep counts once, with the direction of the larger part of its premium.
_OF_SWEEPS = {
    "sweeps": "count(*) FILTER (WHERE g.sweep IS NOT NULL AND g.trades > 0)",
    "bullish_sweeps": "count(*) FILTER (WHERE g.sweep IS NOT NULL AND g.signed > 0)",
    "bearish_sweeps": "count(*) FILTER (WHERE g.sweep IS NOT NULL AND g.signed < 0)",
    "call_sweeps": "count(*) FILTER (WHERE g.sweep IS NOT NULL AND g.trades > 0 AND g.is_call)",
    "sweep_premium": "coalesce(sum(g.premium) FILTER (WHERE g.sweep IS NOT NULL), 0)",
    "sided_sweep_premium": """coalesce(sum(g.stream_sided_premium + g.rest_sided_premium)
        FILTER (WHERE g.sweep IS NOT NULL), 0)""",
    "bullish_sweep_premium": "coalesce(sum(g.premium) FILTER (WHERE g.sweep IS NOT NULL AND g.signed > 0), 0)",
    "bearish_sweep_premium": "coalesce(sum(g.premium) FILTER (WHERE g.sweep IS NOT NULL AND g.signed < 0), 0)",
}
_SIGNED = """sum(f.price * f.size * CASE f.sentiment WHEN 'BULLISH' THEN 1 WHEN 'BEARISH' THEN -1 ELSE 0 END)
    FILTER (WHERE f.counted)"""


@dataclass(frozen=True, slots=True)
class FlowSums:
    """The SQL of one table of sums. Reading may take long, so it is not part of the transaction that stores them."""

    select: str
    insert: str

    def read(self, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of the table, computed from the trades."""
        with connection.cursor() as cursor:
            cursor.execute(self.select, parameters)
            return list(cursor.fetchall())

    def write(self, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert or update rows of `read`, in the caller's transaction; return their number."""
        with connection.cursor() as cursor:
            cursor.executemany(self.insert, rows)
        return len(rows)


def sums_of(
    model: type[models.Model], period: str, value: str, condition: str, known_at: str, having: str = ""
) -> FlowSums:
    """Return the SQL that computes and writes the sums of `model`, whose key is (symbol, `period`).

    `value` is the SQL of the period, `condition` selects trades, `having` selects sums, and `known_at` is the SQL of
    that column, null for sums that are stored live. `select` has the parameters `version` and `candidate_premium`
    (dollars, from which on a trade's quote is fetched). A sweep over the end of a period counts in both.
    """
    fields = {field.column for field in model._meta.concrete_fields}
    of_trades = {name: sql for name, sql in _OF_TRADES.items() if name in fields}
    of_sweeps = {name: sql for name, sql in _OF_SWEEPS.items() if name in fields}
    sums = {name: f"sum(g.{name})" for name in of_trades} | of_sweeps
    updated = (*sums, "method_version")
    columns = ", ".join(("symbol", f'"{period}"', *updated, "known_at"))
    excluded = ", ".join(f"excluded.{name}" for name in updated)
    # Every name is a column of the model, and the other parts are constants of the callers.
    return FlowSums(
        select=f"""
        SELECT s.*, {known_at} FROM (
            SELECT g.symbol, g.period, {", ".join(sums.values())}, %(version)s
            FROM (
                SELECT f.symbol, {value} AS period, f.sweep, {_SIGNED} AS signed,
                    bool_and(f.option_type = 'call') AS is_call,
                    {", ".join(f"{sql} AS {name}" for name, sql in of_trades.items())}
                FROM (
                    SELECT *, {side_coverage.COUNTED} AS counted,
                        CASE WHEN is_sweep
                             THEN contract_ticker || ':' || coalesce(sweep_id, sequence_number) END AS sweep,
                        {side_coverage.SIDED} AS sided, {side_coverage.CANDIDATE} AS candidate
                    FROM options_flow_history WHERE {condition}
                ) f
                GROUP BY 1, 2, 3
            ) g
            GROUP BY 1, 2 {having}
        ) s
        """,  # noqa: S608
        insert=f"""
        INSERT INTO {model._meta.db_table} ({columns}) VALUES ({", ".join(["%s"] * (len(updated) + 3))})
        ON CONFLICT (symbol, "{period}") DO UPDATE SET ({", ".join(updated)}) = ({excluded})
        """,  # noqa: S608
    )
