"""What the simulator says before it is started: the time of a recorded chain, and the session to show."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys

from local.launch import services
from local.servers.binaries import LocalError
from local.servers.hold import ROOT


def recorded_chain(path: str) -> tuple[str, dt.datetime]:
    """Return the symbol of a recorded chain and the time it was recorded, UTC.

    Raises LocalError with the simulator's sentence for a file that is no quote table.
    """
    described = json.loads(_answer("simulator.recorded.quote_table", path, "--stamp"))
    return described["symbol"], dt.datetime.fromtimestamp(described["stamp_ms"] / 1000, dt.UTC)


def session_to_show(last: dt.date) -> dt.date:
    """Return the last session up to `last` whose planted breakout goes with the trend of the synthetic market."""
    return dt.date.fromisoformat(_answer("simulator", "--show-session", str(last), *services.MOVES.split()))


def _answer(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        output = (done.stderr or done.stdout).strip().splitlines()
        raise LocalError(output[-1] if output else f"python -m {module} failed without a message.")
    return done.stdout.strip()
