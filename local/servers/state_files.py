"""State files in the stack's directory, shared by the keeper and its users.

`servers.json` holds ports and passwords. It remains after a stop, so that the addresses stay the same at the next
start. `keeper.json` describes the running keeper. While `stop-NAME` exists, the keeper keeps that server stopped.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(slots=True)
class Servers:
    """Ports on 127.0.0.1 and passwords of the two servers. The passwords need no quoting in a URL."""

    postgres_major: int
    postgres_port: int = 0
    valkey_port: int = 0
    superuser_password: str = field(default_factory=_password)
    owner_password: str = field(default_factory=_password)
    valkey_password: str = field(default_factory=_password)


@dataclass(slots=True)
class Keeper:
    """State of the keeper: process ids of the servers (None while stopped), or the error of a failed start.

    `data` is the folder of the servers' data, which can be outside the stack's (see `local.servers.account`).
    """

    pid: int
    data: str = ""
    ready: bool = False
    error: str = ""
    postgres: int | None = None
    valkey: int | None = None


def read_servers(directory: Path) -> Servers | None:
    """Return ports and passwords, or None before the first start."""
    described = _read(directory / "servers.json")
    return Servers(**described) if described else None


def write_servers(directory: Path, servers: Servers) -> None:
    """Store ports and passwords."""
    write_private(directory / "servers.json", asdict(servers))


def read_keeper(directory: Path) -> Keeper | None:
    """Return the state of the keeper, or None when there is none."""
    described = _read(directory / "keeper.json")
    return Keeper(**described) if described else None


def write_keeper(directory: Path, keeper: Keeper) -> None:
    """Store the state of the keeper."""
    write_private(directory / "keeper.json", asdict(keeper))


def remove_keeper(directory: Path) -> None:
    """Remove the state of the keeper."""
    (directory / "keeper.json").unlink(missing_ok=True)


def stop_request(directory: Path, name: str) -> Path:
    """Return the path of the file that keeps the server `name` stopped while it exists."""
    return directory / f"stop-{name}"


def write_private(path: Path, described: dict[str, Any]) -> None:
    """Write JSON atomically to a file that only its owner can ever read."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(described, file, indent=2)
        file.flush()
        os.fsync(file.fileno())  # an empty file after a power failure would make the data inaccessible
    draft.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return described
