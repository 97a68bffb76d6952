"""What the keeper and its users tell each other through files in the stack's directory.

`servers.json` (ports and passwords) outlives the servers, so that addresses stay the same from one start to
the next. `keeper.json` describes the running keeper. `stop-NAME` asks it to keep one server stopped.
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
    """Ports on 127.0.0.1 and passwords of the two servers. Passwords need no quoting in a URL."""

    postgres_major: int
    postgres_port: int = 0
    valkey_port: int = 0
    superuser_password: str = field(default_factory=_password)
    owner_password: str = field(default_factory=_password)
    valkey_password: str = field(default_factory=_password)


@dataclass(slots=True)
class Keeper:
    """The running keeper: its servers' process ids (None while down), or why it could not start them.

    `data` is the folder that holds the servers' data, not always the stack's own (see `local.servers.account`).
    """

    pid: int
    data: str = ""
    ready: bool = False
    error: str = ""
    postgres: int | None = None
    valkey: int | None = None


def read_servers(directory: Path) -> Servers | None:
    described = _read(directory / "servers.json")
    return Servers(**described) if described else None


def write_servers(directory: Path, servers: Servers) -> None:
    write_private(directory / "servers.json", asdict(servers))


def read_keeper(directory: Path) -> Keeper | None:
    described = _read(directory / "keeper.json")
    return Keeper(**described) if described else None


def write_keeper(directory: Path, keeper: Keeper) -> None:
    write_private(directory / "keeper.json", asdict(keeper))


def forget_keeper(directory: Path) -> None:
    (directory / "keeper.json").unlink(missing_ok=True)


def stop_request(directory: Path, name: str) -> Path:
    """While this file exists the keeper keeps the server `name` stopped."""
    return directory / f"stop-{name}"


def write_private(path: Path, described: dict[str, Any]) -> None:
    """Writes JSON whole or not at all, readable by its owner only from the first byte on."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(described, file, indent=2)
        file.flush()
        os.fsync(file.fileno())  # after a power cut an empty file would lock everybody out of the data
    draft.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return described
