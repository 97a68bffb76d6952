"""`manage.py stats`: show what the workers did since their start, and the sizes of the tables. New York times."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from quant.sessions import NEW_YORK
from warehouse import clock
from warehouse.reports import table_statistics
from warehouse.reports.table_statistics import Statistics, TableSize

RULE = "=" * 61


class Command(BaseCommand):
    help = "Show the statistics of ingestion and the sizes of the tables."

    def handle(self, **options: Any) -> None:
        self.stdout.write("\n".join(_block(table_statistics.collect(clock.now_ms()))))
        self.stdout.write("")
        self.stdout.write("\n".join(_table(table_statistics.table_sizes())))


def _block(found: Statistics) -> list[str]:
    title = "Options warehouse: ingestion statistics" + (" (SIMULATED)" if settings.SIMULATED else "")
    if found.uptime_minutes is None:
        uptime = "no worker is alive; counts of the last 24 hours"
    else:
        uptime = f"{found.uptime_minutes} minutes"
    return [
        *(RULE, title, RULE),
        f"Uptime: {uptime}",
        f"Cycles Completed: {found.cycles_completed:,}",
        f"Greeks Ingestions: {found.greeks_ingestions:,}",
        f"Flow Ingestions: {found.flow_trades:,} trades",
        f"IV Calculations: {found.iv_calculations:,}",
        f"Gamma Snapshots: {found.gamma_snapshots:,}",
        f"Regime Calculations: {found.regime_calculations:,}",
        f"Errors: {found.errors:,}",
        f"Last Greeks: {_time(found.last_greeks_ms)}",
        f"Last Flow: {_time(found.last_flow_ms)}",
        f"Last Gamma: {_time(found.last_gamma_ms)}",
        f"Last IV: {_time(found.last_iv_ms)}",
        f"Last Regime: {_time(found.last_regime_ms)}",
        RULE,
    ]


def _table(sizes: list[TableSize]) -> list[str]:
    lines = [f"{'table':<26}{'rows':>14}{'symbols':>9}  latest"]
    for size in sizes:
        symbols = "-" if size.symbols is None else f"{size.symbols:,}"
        latest = size.latest if isinstance(size.latest, str) else _time(size.latest)
        lines.append(f"{size.table:<26}{size.rows:>14,}{symbols:>9}  {latest}")
    return lines


def _time(epoch_ms: int | None) -> str:
    if epoch_ms is None:
        return "-"
    return f"{clock.instant(epoch_ms).astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S %Z}"
