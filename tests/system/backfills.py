"""`manage.py backfill` as a process of its own, and what it leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.servers import ROOT
from tests.signals import with_ignored

# Rows differ in these from one run to the next, and in nothing else.
_BY_CHANCE = {"id", "fetched_at"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", "backfill", *arguments]


def start(environment: Mapping[str, str], output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Begins one as an operator does; what it says goes to a file."""
    with output.open("ab") as said:
        return subprocess.Popen(
            command(*arguments), cwd=ROOT, env=dict(environment), stdout=said, stderr=subprocess.STDOUT,
            preexec_fn=with_ignored(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """What one said, and its exit status."""

    status: int
    said: str


class Launcher:
    """Starts backfills in one environment, one at a time, without the seconds that a new interpreter takes."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self._output = directory / "said"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.backfill_launcher"],
            cwd=ROOT, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self, *arguments: str, pace: float | None = None) -> int:
        """The process id of one that has begun."""
        self._output.write_text("")
        wanted = {"arguments": arguments, "output": str(self._output), "pace": pace}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        return self._number()

    def end(self) -> Ended:
        """Waits for the one that was begun last."""
        return Ended(self._number(), self._output.read_text())

    def run(self, *arguments: str) -> Ended:
        self.start(*arguments)
        return self.end()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _number(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


def tables() -> dict[str, list[dict[str, Any]]]:
    """All rows of the tables that a backfill fills, by key."""
    from warehouse.models import GammaExposure, HistoricalBar, HistoricalGreeks, IvPercentile

    keys = {
        HistoricalBar: ("symbol", "timeframe", "timestamp"),
        HistoricalGreeks: ("symbol", "timestamp", "contract_ticker"),
        GammaExposure: ("symbol", "timestamp"),
        IvPercentile: ("symbol", "date"),
    }
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in _BY_CHANCE}
            for row in model.objects.order_by(*key).values()
        ]
        for model, key in keys.items()
    }


def empty_tables() -> None:
    """As before the first backfill; the watchlist stays."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE historical_bars, historical_greeks, gamma_exposure_snapshots, iv_percentile_cache, ingestion_runs"
        )
