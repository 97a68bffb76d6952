"""Report of `make demo`: read from the warehouse, printed as tables and written as JSON.

Run as `python -m local.launch.report --json PATH [--error SENTENCE …]` after the chains are stored.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from local.launch.gamma_picture import gamma_picture, money
from warehouse.console import console_on

if TYPE_CHECKING:
    from warehouse.models import GammaExposure, IngestionRun  # models can be imported once Django is set up

_DAY_MS = 24 * 60 * 60_000


def collect(errors: list[str], now_ms: int) -> dict[str, Any]:
    """Return the report: the newest chain of every watched symbol, and its trades in the 24 hours before `now_ms`.

    Requires `django.setup()`.
    """
    from django.conf import settings

    from warehouse.queries import latest_chains, rows_per_table, trade_counts, watched_flow

    trades = trade_counts([str(entry.symbol) for entry in watched_flow()], now_ms - _DAY_MS, now_ms)
    return {
        "simulated": settings.SIMULATED,
        "tables": rows_per_table(),
        "symbols": {chain.symbol: _symbol(chain.run, chain.gamma) for chain in latest_chains()},
        "trades": {symbol: dataclasses.asdict(counts) for symbol, counts in trades.items()},
        "errors": errors,
    }


def _symbol(run: IngestionRun, gamma: GammaExposure | None) -> dict[str, Any]:
    result, rejected = run.result or {}, run.rejected or {}
    provider = result.get("provider_gamma") or {}
    level = {
        name: _number(getattr(gamma, name, None))
        for name in (
            "call_gamma",
            "put_gamma",
            "total_gamma",
            "gross_gamma",
            "gamma_wall_resistance",
            "gamma_wall_support",
            "gamma_flip",
        )
    }
    return {
        "slot": run.slot,
        "status": run.status,
        "error": run.error,
        "contracts": run.contracts,
        "rows": run.rows,
        "rejected": sum(rejected.values()),
        "rejected_by_reason": rejected,
        "refused_numbers": result.get("refused", {}),
        "spot": result.get("spot"),
        "spot_source": result.get("spot_source"),
        "provider_greeks": result.get("provider_greeks"),
        "computed_greeks": result.get("computed_greeks"),
        "no_greeks": result.get("no_greeks"),
        "iv_status": result.get("iv_status", {}),
        **level,
        "total_gamma_provider_greeks": provider.get("total_gamma"),
        "call_gamma_provider_greeks": provider.get("call_gamma"),
        "put_gamma_provider_greeks": provider.get("put_gamma"),
        "flip_points": getattr(gamma, "flip_points", None),
        "dealer_positioning": getattr(gamma, "dealer_positioning", None),
        "expected_behavior": getattr(gamma, "expected_behavior", None),
        "sensitivity": getattr(gamma, "sensitivity", None),
        "gamma_by_strike": getattr(gamma, "gamma_by_strike", None) or {},
        "milliseconds": run.stages or {},
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report: rows per table, the chains, trades and sweeps, and a gamma chart per symbol."""
    market = "SIMULATED market" if report["simulated"] else "Massive.com"
    tables = Table("table", "rows", title=f"Warehouse · {market}", title_style="bold")
    for name, rows in report["tables"].items():
        tables.add_row(name, f"{rows:,}")
    console.print(tables)
    console.print(_chains(report["symbols"]))
    console.print(_trades(report["trades"]))
    for symbol, figures in report["symbols"].items():
        if figures["gamma_by_strike"] and figures["spot"]:
            console.print(_picture(symbol, figures))


def _chains(symbols: dict[str, Any]) -> Table:
    stages = ("fetch", "check", "compute", "gamma", "store")
    chains = Table(
        *("symbol", "contracts", "rejected", "greeks: provider", "computed", "none", "spot"),
        *(f"{stage} ms" for stage in stages),
        title="Chains",
        title_style="bold",
    )
    for symbol, figures in symbols.items():
        counts = (
            figures[name]
            for name in ("contracts", "rejected", "provider_greeks", "computed_greeks", "no_greeks")
        )
        chains.add_row(
            symbol,
            *("-" if count is None else f"{count:,}" for count in counts),
            "-" if figures["spot"] is None else f"{figures['spot']:,.2f}",
            *(f"{figures['milliseconds'].get(stage, 0):,.0f}" for stage in stages),
        )
    return chains


def _trades(symbols: dict[str, dict[str, int]]) -> Table:
    names = ("trades", "sweeps", "blocks")
    counts = Table("symbol", *names, title="Stored trades", title_style="bold")
    for symbol, counted in symbols.items():
        counts.add_row(symbol, *(f"{counted[name]:,}" for name in names))
    return counts


def _picture(symbol: str, figures: dict[str, Any]) -> Panel:
    net = {float(strike): value["net"] for strike, value in figures["gamma_by_strike"].items()}
    levels = {
        "resistance": figures["gamma_wall_resistance"],
        "support": figures["gamma_wall_support"],
        "flip": figures["gamma_flip"],
    }
    title = (
        f"{symbol} {figures['spot']:,.2f} · {figures['dealer_positioning']} · "
        f"{figures['expected_behavior']} · "
        f"net {money(figures['total_gamma'])} "
        f"(calls {money(figures['call_gamma'])}, "
        f"puts {money(figures['put_gamma'])}; provider's greeks only {money(figures['total_gamma_provider_greeks'])})"
    )
    return Panel(gamma_picture(net, figures["spot"], levels), title=title, title_align="left", expand=False)


def main() -> None:
    """Print the report and write its JSON file."""
    parser = argparse.ArgumentParser(prog="local.launch.report")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--error", action="append", default=[])
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from warehouse import clock

    console = console_on()
    report = collect(arguments.error, clock.now_ms())
    show(report, console)
    arguments.json.write_text(json.dumps(report, indent=2), encoding="utf-8")
    console.print(f"Report  {arguments.json}")
    for error in report["errors"]:
        console.print(f"error: {error}", style="red")


if __name__ == "__main__":
    main()
