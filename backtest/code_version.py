"""A short name for the code that computes backtests, which changes with every change of that code."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("backtest", "quant", "signals", "warehouse/asof")


@cache
def code_version() -> str:
    """Return 16 digits that depend on the source of everything from the stored columns to the outcomes."""
    found = blake2b(digest_size=8)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            found.update(str(path.relative_to(ROOT)).encode())
            found.update(path.read_bytes())
    return found.hexdigest()
