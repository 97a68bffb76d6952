"""`python -m tests.bench [name]`: runs the benchmarks, prints the table, writes `.local/bench.json`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.servers import hold
from tests.bench.measure import Measured

LOCAL = Path(__file__).resolve().parents[2] / ".local"


def benchmarks() -> dict[str, Callable[[], Measured]]:
    from tests.bench.admin_list import admin_list
    from tests.bench.backfill_pace import backfill_pace
    from tests.bench.chain_ingest import chain_ingest
    from tests.bench.flow_store import flow_store
    from tests.bench.gamma_profile import gamma_profile
    from tests.bench.implied_vol import implied_vol_vs_quantlib, implied_vol_vs_vollib

    measured = (
        chain_ingest,
        implied_vol_vs_quantlib,
        implied_vol_vs_vollib,
        gamma_profile,
        admin_list,
        flow_store,
        backfill_pace,
    )
    return {benchmark.__name__: benchmark for benchmark in measured}


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
        table = Table("benchmark", "value", "unit", "reference", "ratio", "what it says")
        results = {}
        for name, run in benchmarks().items():
            if wanted and name != wanted:
                continue
            console.print(f"measuring {name} …")
            measured = run()
            results[name] = asdict(measured)
            table.add_row(
                name,
                f"{measured.value:,.3g}",
                measured.unit,
                f"{measured.reference:,.3g}",
                f"{measured.ratio:.2f}",
                measured.says,
            )
    console.print(table)
    if not results:
        console.print(f"no benchmark is named {wanted!r}; there are: {', '.join(benchmarks())}")
        return 2
    (LOCAL / "bench.json").write_text(json.dumps(results, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
