"""`make demo`: everything on this machine, one snapshot of every chain through the queue, and a report.

DEMO_SECONDS ends it so long after the report; CHAIN names a recorded quote table to serve instead of the
synthetic market.
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
    seconds, chain = _seconds(os.environ.get("DEMO_SECONDS", "")), _chain(os.environ.get("CHAIN", ""))
    warehouse = Warehouse(stages, databases.DEMO, chain)
    try:
        warehouse.start()
        errors = _ingest(warehouse, stages)
        warehouse.wait_for_web()
        report = ["--json", str(LOCAL / "demo-report.json"), "--web", warehouse.web_url]
        report += [part for error in errors for part in ("--error", error)]
        warehouse.run("report", ["python", "-m", "local.launch.report", *report], shown=True)
        stages.say(f"\nServing {warehouse.web_url}/admin/ {_until(seconds)}")
        warehouse.serve(seconds)
        if errors:
            raise ServiceError(" ".join(errors))
    finally:
        warehouse.stop()


def _ingest(warehouse: Warehouse, stages: Stages) -> list[str]:
    """Ingests once; what went wrong is for the report, which shows the chains that did come in."""
    try:
        with stages.stage("Ingesting every chain of the watchlist through the queue", speaks=True):
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
        raise LocalError(f"CHAIN names {text}, which is no file.")
    return str(Path(text).resolve())


def _until(seconds: float) -> str:
    return "until Ctrl-C" if seconds == float("inf") else f"for {seconds:g} s; Ctrl-C ends it earlier"


if __name__ == "__main__":
    sys.exit(supervised(demo, "Options warehouse: the whole system on this machine, from nothing"))
