"""Console for the output of commands."""

from __future__ import annotations

from typing import IO, Any, cast

from rich.console import Console

WIDTH = 160  # when the output is no terminal; the default of 80 columns wraps every table


def console_on(output: Any = None) -> Console:
    """Return a console on a text stream, a command's `stdout`, or for None the standard output.

    It is as wide as its terminal, or `WIDTH` columns without one.
    """
    found = Console(file=cast("IO[str] | None", output))
    return found if found.is_terminal else Console(file=found.file, width=WIDTH)
