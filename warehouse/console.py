"""Console and signals of commands."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from rich.console import Console

INTERRUPTED = 130  # the shell's exit code for a command ended by Ctrl-C; also used for SIGTERM
WIDTH = 160  # when the output is no terminal; the default of 80 columns wraps every table


def console_on(output: Any = None) -> Console:
    """Return a console on a text stream, a command's `stdout`, or for None the standard output.

    It is as wide as its terminal, or `WIDTH` columns without one.
    """
    found = Console(file=cast("IO[str] | None", output))
    return found if found.is_terminal else Console(file=found.file, width=WIDTH)


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Make SIGTERM raise KeyboardInterrupt within the block, as Ctrl-C does."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
