"""What runs in this clone: `.local/stack.json`, written by the supervisor, read by every entry point."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stack:
    """Addresses and secrets of the running embedded stack; its file is readable by the owner only."""

    database_url: str
    redis_url: str
    massive_base_url: str
    massive_stream_url: str
    clock_offset_ms: int
    simulated: bool
    secret_key: str


def running(directory: Path) -> Stack | None:
    """The stack described in `directory`/stack.json, or None when none is running there."""
    try:
        described = json.loads((directory / "stack.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Stack(**described)


def describe(directory: Path, stack: Stack) -> None:
    """Writes `stack` for the other entry points, whole or not at all, readable by the owner only."""
    draft = directory / "stack.json.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(stack), indent=2), encoding="utf-8")
    draft.replace(directory / "stack.json")
