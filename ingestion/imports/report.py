"""What an import came to, for the operator's terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from rich.console import Console
from rich.table import Table

from ingestion.imports.importing import Day
from ingestion.imports.slot import OUTSIDE_RETENTION, ImportResult
from quant.thresholds import IV_MINIMUM_POINTS
from warehouse import clock
from warehouse.models import IvPercentile
from warehouse.partitions import SPECS

_DAY = timedelta(days=1)


def show(console: Console, imported: Sequence[ImportResult], days: Mapping[tuple[str, date], Day]) -> None:
    """One line per session and underlying, oldest first."""
    if not imported:
        return
    table = Table(caption="IV is at the money, 30 days ahead; net gamma in dollars per 1 % move", box=None)
    for title in (
        "symbol",
        "session",
        "contracts",
        "rows",
        "left out",
        "net gamma",
        "IV",
        "its place",
        "regime",
    ):
        table.add_column(
            title, justify="right" if title in ("contracts", "rows", "net gamma", "IV") else "left"
        )
    for found in sorted(imported, key=lambda one: (one.symbol, one.slot)):
        day = days.get((found.symbol, found.session), Day(None, None))
        table.add_row(
            found.symbol,
            str(found.session),
            f"{found.contracts:,}",
            f"{found.rows:,}" if found.rows else found.detail or "0",
            ", ".join(f"{reason} {count:,}" for reason, count in sorted(found.rejected.items())),
            _billions(found.gamma.total_gamma if found.gamma else None),
            "" if day.iv is None or day.iv.current_iv is None else f"{day.iv.current_iv:.1%}",
            place(day.iv),
            (day.regime.market_regime or "none") if day.regime else "",
        )
    console.print(table)


def _billions(dollars: float | None) -> str:
    return "" if dollars is None else f"{dollars / 1e9:,.2f}bn"


def place(row: IvPercentile | None) -> str:
    """Where the volatility stands, or why that is not said."""
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
    told = f"{rank} of {row.data_points + 1} known, " if rank and row.data_points else ""
    return f"{told}{row.data_points} of {IV_MINIMUM_POINTS} sessions needed for a percentile"


def remarks(
    imported: Sequence[ImportResult],
    days: Mapping[tuple[str, date], Day],
    unplaced: Mapping[str, int],
    now: datetime,
) -> Iterator[str]:
    """What the table cannot hold: rows without a session, numbers blanked, units, inputs of the regime that no_provider
    had, and what to do about old dates."""
    for reason, count in unplaced.items():
        yield f"{count:,} rows left out: {reason}."
    refused = sum((found.refused for found in imported), Counter[str]())
    if refused:
        counts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(refused.items()))
        yield f"Numbers that cannot be true or read were taken for absent: {counts}."
    units = dict.fromkeys(f"{name} {unit}" for found in imported for name, unit in found.units.items())
    if units:
        yield f"Units told by the numbers: {', '.join(units)}."
    regimes = {day: found.regime for (_, day), found in days.items() if found.regime}
    for missing, count in Counter(
        tuple(row.missing_inputs) for row in regimes.values() if row.missing_inputs
    ).items():
        yield (
            f"The market regime of {count} sessions is without {', '.join(missing)}; with a provider that has them,"
            f" manage.py calculate_regime --date {min(regimes)} --to {max(regimes)} computes it anew."
        )
    if old := [found for found in imported if found.detail == OUTSIDE_RETENTION]:
        yield retention_remark(old, now)


def retention_remark(old: Sequence[ImportResult], now: datetime) -> str:
    """The clock at which snapshots past retention can be stored: whole days back, until just after the last."""
    contracts = sum(found.contracts for found in old)
    real = now - timedelta(milliseconds=settings.CLOCK_OFFSET_MS)
    back = (real - clock.instant(max(found.slot for found in old))) // _DAY * _DAY
    return (
        f"{len(old)} snapshots of {contracts:,} contracts were not stored: they are older than the"
        f" {SPECS['historical_greeks'].retention_days} days that historical_greeks keeps. For these, give a warehouse"
        f" of its own the clock of their time: CLOCK_OFFSET_MS=-{back // timedelta(milliseconds=1)} in every process."
    )
