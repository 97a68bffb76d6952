"""Description of the running stack in `.local/stack.json`: written by the supervisor, read by all commands."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from local.servers.locks import FileLock
from local.servers.state_files import write_private

# Held by the supervisor while it runs. When it is free, the file is left over from a killed supervisor.
LOCK = "supervisor.lock"


@dataclass(frozen=True, slots=True)
class Stack:
    """Addresses and secrets of the running stack. Only the owner can read its file."""

    database_url: str
    redis_url: str
    massive_base_url: str
    massive_stream_url: str
    clock_offset_ms: int
    simulated: bool
    secret_key: str


def running(directory: Path) -> Stack | None:
    """Return the stack described in `directory`/stack.json, or None when none is running there."""
    try:
        described = json.loads((directory / "stack.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    lock = FileLock(directory / LOCK)
    abandoned = lock.try_shared()
    lock.release()
    return None if abandoned else Stack(**described)


def describe(directory: Path, stack: Stack) -> None:
    """Write the description of `stack` atomically, readable by the owner only."""
    write_private(directory / "stack.json", asdict(stack))


def withdraw(directory: Path) -> None:
    """Remove the description, so that commands no longer use the stack."""
    (directory / "stack.json").unlink(missing_ok=True)
