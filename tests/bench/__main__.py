"""Command `python -m tests.bench [name]`: run the benchmarks, print their table, write `.local/bench.json`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from local.servers.hold import hold

if TYPE_CHECKING:
    from tests.bench.measure import Measured
    from tests.bench.sized import Sized

LOCAL = Path(__file__).resolve().parents[2] / ".local"


def benchmarks() -> dict[str, Callable[[], Measured]]:
    from tests.bench.american import american_vs_quantlib
    from tests.bench.backfill_accuracy import backfill_accuracy
    from tests.bench.backfill_pace import backfill_pace
    from tests.bench.backtest import backtest, backtest_agreement
    from tests.bench.chain_ingest import chain_ingest
    from tests.bench.flow_end_to_end import flow_end_to_end
    from tests.bench.flow_store import flow_store
    from tests.bench.gamma_profile import gamma_profile
    from tests.bench.implied_vol import implied_vol_vs_quantlib, implied_vol_vs_vollib
    from tests.bench.optimiser import optimiser
    from tests.bench.scanner import scanner
    from tests.bench.surface import surface

    measured = (
        chain_ingest,
        implied_vol_vs_quantlib,
        implied_vol_vs_vollib,
        american_vs_quantlib,
        gamma_profile,
        surface,
        scanner,
        backtest,
        backtest_agreement,
        optimiser,
        flow_store,
        flow_end_to_end,
        backfill_pace,
        backfill_accuracy,
    )
    return {benchmark.__name__: benchmark for benchmark in measured}


def sized() -> dict[str, Sized]:
    from tests.bench.admin_list import admin_list, admin_list_pages
    from tests.bench.dashboard import dashboard
    from tests.bench.documented import (
        documented_queries,
        documented_queries_as_of,
        flow_summary,
        flow_summary_as_of,
    )
    from tests.bench.iv_percentile import iv_percentile
    from tests.bench.sized import Sized
    from tests.bench.tables import Flow, Greeks

    measured = (
        Sized(iv_percentile, (Greeks,)),
        Sized(flow_summary, (Flow,)),
        Sized(flow_summary_as_of, (Flow,)),
        Sized(documented_queries, (Greeks, Flow)),
        Sized(documented_queries_as_of, (Greeks, Flow)),
        Sized(admin_list, (Greeks,)),
        Sized(admin_list_pages, (Greeks, Flow)),
        Sized(dashboard, (Greeks, Flow)),
    )
    return {benchmark.probe.__name__: benchmark for benchmark in measured}


def main(wanted: str) -> int:
    console = Console(width=None if sys.stdout.isatty() else 160)
    with hold(LOCAL / "bench-pg18") as stack:
        os.environ.update(
            stack.environment("bench"), SECRET_KEY="bench", DJANGO_SETTINGS_MODULE="config.settings"
        )
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from tests.bench.sized import at_each_size

        results: dict[str, Measured] = {}
        for name, run in benchmarks().items():
            if wanted in ("", name):
                console.print(f"measuring {name} …")
                results[name] = run()
        by_size = {name: benchmark for name, benchmark in sized().items() if wanted in ("", name)}
        if by_size:
            results |= at_each_size(by_size, console.print)
    if not results:
        names = ", ".join([*benchmarks(), *sized()])
        console.print(f"unknown benchmark {wanted!r}; choose from: {names}")
        return 2
    console.print(_table(results))
    plain = {name: asdict(measured) for name, measured in results.items()}
    (LOCAL / "bench.json").write_text(json.dumps(plain, indent=2), encoding="utf-8")
    return 0


def _table(results: dict[str, Measured]) -> Table:
    table = Table("benchmark", "value", "unit", "reference", "ratio", "details")
    for name, measured in results.items():
        numbers = (
            f"{measured.value:,.3g}",
            measured.unit,
            f"{measured.reference:,.3g}",
            f"{measured.ratio:.2f}",
        )
        table.add_row(name, *numbers, measured.details)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
