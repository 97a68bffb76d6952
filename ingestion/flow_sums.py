"""Sums of trades per symbol and period: one definition of each sum, for flow_slots and flow_daily."""

from __future__ import annotations

from django.db import models

# Cancels and the trades they cancel are not counted.
_SUMS = {
    "trades": "count(*) FILTER (WHERE f.counted)",
    "contracts": "coalesce(sum(f.size) FILTER (WHERE f.counted), 0)",
    "call_contracts": "coalesce(sum(f.size) FILTER (WHERE f.counted AND f.option_type = 'call'), 0)",
    "put_contracts": "coalesce(sum(f.size) FILTER (WHERE f.counted AND f.option_type = 'put'), 0)",
    "premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted), 0)",
    "call_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.option_type = 'call'), 0)",
    "put_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.option_type = 'put'), 0)",
    "bullish_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.sentiment = 'BULLISH'), 0)",
    "bearish_premium": "coalesce(sum(f.premium) FILTER (WHERE f.counted AND f.sentiment = 'BEARISH'), 0)",
    "sweeps": "count(*) FILTER (WHERE f.counted AND f.is_sweep)",
    "bullish_sweeps": "count(*) FILTER (WHERE f.counted AND f.is_sweep AND f.sentiment = 'BULLISH')",
    "bearish_sweeps": "count(*) FILTER (WHERE f.counted AND f.is_sweep AND f.sentiment = 'BEARISH')",
    "blocks": "count(*) FILTER (WHERE f.counted AND f.is_block)",
    "unusual": "count(*) FILTER (WHERE f.counted AND f.is_unusual_volume)",
}


def statement(model: type[models.Model], period: str, value: str, condition: str, having: str = "") -> str:
    """Return the SQL that writes the sums of `model`, whose key is (symbol, `period`).

    `value` is the SQL of the period, `condition` selects trades, and `having` selects sums. The statement has the
    parameter `version`.
    """
    fields = {field.column for field in model._meta.concrete_fields}
    sums = {name: sql for name, sql in _SUMS.items() if name in fields}
    columns = ", ".join((*sums, "method_version"))
    excluded = ", ".join(f"excluded.{name}" for name in (*sums, "method_version"))
    # Every name is a column of the model, and the other parts are constants of the callers.
    return f"""
    INSERT INTO {model._meta.db_table} (symbol, "{period}", {columns})
    SELECT f.symbol, {value}, {", ".join(sums.values())}, %(version)s
    FROM (SELECT *, NOT is_cancel AND canceled_by IS NULL AS counted FROM options_flow_history WHERE {condition}) f
    GROUP BY 1, 2 {having}
    ON CONFLICT (symbol, "{period}") DO UPDATE SET ({columns}) = ({excluded})
    """  # noqa: S608
