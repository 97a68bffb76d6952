"""A clock offset that can change while processes run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OffsetFile:
    """Milliseconds added to the real time, read from a file by each `int()`, which `market_now` calls."""

    path: Path

    def __int__(self) -> int:
        return int(self.path.read_text())

    def set(self, milliseconds: int) -> None:
        # Replaced atomically, so that no reader sees an incomplete number.
        new = self.path.with_suffix(".new")
        new.write_text(str(milliseconds))
        new.replace(self.path)
