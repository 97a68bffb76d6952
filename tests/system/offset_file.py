"""A clock offset that may change while processes run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OffsetFile:
    """Milliseconds added to the real time, as a file says now: `int()` of it is what `market_now` asks for."""

    path: Path

    def __int__(self) -> int:
        return int(self.path.read_text())

    def set(self, milliseconds: int) -> None:
        # Renamed into place: a reader never finds half a number.
        new = self.path.with_suffix(".new")
        new.write_text(str(milliseconds))
        new.replace(self.path)
