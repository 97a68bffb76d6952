"""Option trades of a finished backtest as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from backtest.report.percentages import interval, percent, signed_percent

HEADINGS = (
    "option trades", "trades", "modelled", "win rate", "95 %", "avg win", "avg loss", "PF", "of premium", "95 %",
)  # fmt: skip


def options_of(result: Mapping[str, Any], population: str) -> dict[str, Any] | None:
    """Return the option trades of a population of a stored result, None if they were not asked for."""
    found: dict[str, Any] | None = result.get("populations", {}).get(population, {}).get("options")
    return found


def option_table(options: Mapping[str, Any]) -> Table:
    """Return a row per detector with option trades, the one with the highest expectancy first."""
    table = Table(*HEADINGS)
    rows = [one for one in options["detectors"] if one["trades"]]
    for row in sorted(rows, key=lambda one: (one["too_few"], -one["expectancy"])):
        table.add_row(f"{row['detector']}{', too few' if row['too_few'] else ''}", *_cells(row))
    return table


def in_one_sentence(options: Mapping[str, Any]) -> str:
    """Return how many firings have an option trade, how many are modelled, and why the others have none."""
    total = options["total"]
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in total["unpriced"].items())
    return (
        f"{total['trades']:,} of {total['outcomes']:,} signals have an option trade, {total['modelled']:,} of them with"
        f" a modelled price{f'; not priced: {reasons}' if reasons else ''}."
    )


def _cells(row: Mapping[str, Any]) -> list[str]:
    found = row["interval"]
    limits = "" if found is None else f"{signed_percent(found['lower'])} to {signed_percent(found['upper'])}"
    return [
        f"{row['trades']:,}",
        f"{row['modelled']:,} ({percent(row['modelled_share'])})",
        percent(row["win_rate"]["share"]),
        interval(row["win_rate"]["wilson"]),
        signed_percent(row["average_win"]),
        signed_percent(row["average_loss"]),
        "" if row["profit_factor"] is None else f"{row['profit_factor']:.2f}",
        signed_percent(row["expectancy"]),
        limits,
    ]
