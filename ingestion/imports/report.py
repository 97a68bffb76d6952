"""Report of an import for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from rich.console import Console
from rich.table import Table

from ingestion.imports.importing import SessionSeries
from ingestion.imports.slot import OUTSIDE_RETENTION, ImportResult
from quant.thresholds import IV_MINIMUM_POINTS
from warehouse import clock
from warehouse.models import IvPercentile
from warehouse.partitions import SPECS

_DAY = timedelta(days=1)


def print_table(
    console: Console, imported: Sequence[ImportResult], days: Mapping[tuple[str, date], SessionSeries]
) -> None:
    """Print one line per session and underlying, oldest first."""
    if not imported:
        return
    table = Table(caption="IV: at the money, 30 days; net gamma: dollars per 1 % move", box=None)
    for title in (
        "symbol",
        "session",
        "contracts",
        "rows",
        "left out",
        "net gamma",
        "IV",
        "IV rank",
        "regime",
    ):
        table.add_column(
            title, justify="right" if title in ("contracts", "rows", "net gamma", "IV") else "left"
        )
    for result in sorted(imported, key=lambda result: (result.symbol, result.slot)):
        day = days.get((result.symbol, result.session), SessionSeries(None, None))
        table.add_row(
            result.symbol,
            str(result.session),
            f"{result.contracts:,}",
            f"{result.rows:,}" if result.rows else result.detail or "0",
            ", ".join(f"{reason} {count:,}" for reason, count in sorted(result.rejected.items())),
            _billions(result.gamma.snapshot.total_gamma if result.gamma else None),
            "" if day.iv is None or day.iv.current_iv is None else f"{day.iv.current_iv:.1%}",
            rank_text(day.iv),
            (day.regime.market_regime or "none") if day.regime else "",
        )
    console.print(table)


def _billions(dollars: float | None) -> str:
    return "" if dollars is None else f"{dollars / 1e9:,.2f}bn"


def rank_text(row: IvPercentile | None) -> str:
    """Return the percentile and regime of the volatility, or why there is none."""
    if row is None or row.current_iv is None:
        return "" if row is None else "no expiration near enough to 30 days"
    if row.iv_percentile is not None:
        return f"percentile {row.iv_percentile:.2f}, {row.iv_regime}"
    rank = (
        "highest"
        if row.current_iv == row.iv_52w_high
        else "lowest"
        if row.current_iv == row.iv_52w_low
        else ""
    )
    position = f"{rank} of {row.data_points + 1} sessions, " if rank and row.data_points else ""
    return f"{position}{row.data_points} of {IV_MINIMUM_POINTS} sessions needed for a percentile"


def remarks(
    imported: Sequence[ImportResult],
    days: Mapping[tuple[str, date], SessionSeries],
    unassigned: Mapping[str, int],
    now: datetime,
) -> Iterator[str]:
    """Yield what the table does not show: rows without a session, removed numbers, units, missing inputs, old dates."""
    for reason, count in unassigned.items():
        yield f"{count:,} rows left out: {reason}."
    refused = sum((result.refused for result in imported), Counter[str]())
    if refused:
        counts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(refused.items()))
        yield f"Numbers that are impossible or unreadable were treated as missing: {counts}."
    units = dict.fromkeys(f"{name} {unit}" for result in imported for name, unit in result.units.items())
    if units:
        yield f"Units found by comparing the numbers: {', '.join(units)}."
    regimes = {day: result.regime for (_, day), result in days.items() if result.regime}
    for missing, count in Counter(
        tuple(row.missing_inputs) for row in regimes.values() if row.missing_inputs
    ).items():
        yield (
            f"The market regime of {count} sessions was computed without {', '.join(missing)}. With a provider that has"
            f" these, manage.py calculate_regime --date {min(regimes)} --to {max(regimes)} computes it again."
        )
    if too_old := [result for result in imported if result.detail == OUTSIDE_RETENTION]:
        yield retention_remark(too_old, now)


def retention_remark(too_old: Sequence[ImportResult], now: datetime) -> str:
    """Return which clock offset is needed to store snapshots older than retention.

    The offset is a whole number of days; it sets the clock less than a day after the last of these snapshots.
    """
    contracts = sum(result.contracts for result in too_old)
    real_now = now - timedelta(milliseconds=settings.CLOCK_OFFSET_MS)
    days_back = (real_now - clock.instant(max(result.slot for result in too_old))) // _DAY * _DAY
    return (
        f"{len(too_old)} snapshots of {contracts:,} contracts were not stored: they are older than the"
        f" {SPECS['historical_greeks'].retention_days} days that historical_greeks keeps. To store them, use a separate"
        f" warehouse with CLOCK_OFFSET_MS=-{days_back // timedelta(milliseconds=1)} in every process."
    )
