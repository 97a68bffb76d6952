"""`make demo`: run all services on this machine, ingest one snapshot of every chain, and print a report.

DEMO_SECONDS limits how long the services run after the report. CHAIN is the path of a recorded quote table that is
served instead of the synthetic market.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local.launch.console import Stages
from local.launch.stages import LOCAL, Warehouse, supervised
from local.launch.supervisor import ServiceError
from local.servers import databases
from local.servers.binaries import LocalError


def demo(stages: Stages) -> None:
    """Run the demo. Raises `ServiceError` when a service or the ingestion fails."""
    seconds, chain = _seconds(os.environ.get("DEMO_SECONDS", "")), _chain(os.environ.get("CHAIN", ""))
    warehouse = Warehouse(stages, databases.DEMO, chain)
    try:
        warehouse.start()
        errors = _ingest(warehouse, stages)
        warehouse.wait_for_web()
        report = ["--json", str(LOCAL / "demo-report.json")]
        report += [part for error in errors for part in ("--error", error)]
        with stages.stage("Reading what is stored", writes_lines=True):
            warehouse.run("report", ["python", "-m", "local.launch.report", *report], shown=True)
        warehouse.show_dashboard()
        stages.say(f"           serving {_until(seconds)}")
        warehouse.serve(seconds)
        if errors:
            raise ServiceError(" ".join(errors))
    finally:
        warehouse.stop()


def _ingest(warehouse: Warehouse, stages: Stages) -> list[str]:
    """Ingest every chain once. Returns the errors, so that the report can still show the stored chains."""
    try:
        with stages.stage("Ingesting every chain of the watchlist through the queue", writes_lines=True):
            warehouse.run("ingest_now", ["python", "manage.py", "ingest_now", "--wait"], shown=True)
    except ServiceError as error:
        return [str(error)]
    return []


def _seconds(text: str) -> float:
    if not text:
        return float("inf")
    try:
        return max(0.0, float(text))
    except ValueError:
        raise LocalError(f"DEMO_SECONDS must be a number of seconds, not {text!r}.") from None


def _chain(text: str) -> str | None:
    if not text:
        return None
    if not Path(text).is_file():
        raise LocalError(f"CHAIN must be the path of a file, not {text!r}.")
    return str(Path(text).resolve())


def _until(seconds: float) -> str:
    return "until Ctrl-C" if seconds == float("inf") else f"for {seconds:g} s; Ctrl-C stops it earlier"


if __name__ == "__main__":
    sys.exit(supervised(demo, "Options warehouse: all services on this machine, with an empty database"))
