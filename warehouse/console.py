"""Where commands trade their tables."""

from __future__ import annotations

from typing import IO, Any, cast

from rich.console import Console

WIDTH = 160  # where the output is no terminal: the library's own 80 columns cut every table to pieces


def console_on(output: Any = None) -> Console:
    """A console on `output` (a text stream or a command's `stdout`; None is the standard output), as wide as its
    terminal, or `WIDTH` columns where it is none."""
    found = Console(file=cast("IO[str] | None", output))
    return found if found.is_terminal else Console(file=found.file, width=WIDTH)
