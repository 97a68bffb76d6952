"""Environments of other engines, which are no dependencies: each is installed once, in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = {
    "vectorbt": ("vectorbt==0.28.1", "plotly<6"),  # it names parts of plotly that version 6 removed
    "backtesting.py": ("backtesting==0.6.6",),
}


def python_of(engine: str) -> Path:
    """Return the Python that has the engine, installed at the first call, which takes a minute."""
    folder = ROOT / ".local" / "engines" / engine
    python, installed = folder / "bin" / "python", folder / "installed"
    if not installed.exists():
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES[engine]], check=True)
        installed.touch()
    return python
