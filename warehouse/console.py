"""Console, signals and types of arguments of commands."""

from __future__ import annotations

import signal
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from rich.console import Console

INTERRUPTED = 130  # the shell's exit code for a command ended by Ctrl-C; also used for SIGTERM
MOST_ID = 2**63 - 1  # of a row, as an argument
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


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number within limits, both included.

    Another value is refused in one sentence, and so it is with `number`.
    """

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:  # no whole number, or one with more digits than Python reads
            value = least - 1
        if not least <= value <= most:
            raise ArgumentTypeError(f"write a whole number, {least:,} to {most:,}")
        return value

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    """Return the type of an argument that is a number within limits, both included; nan is none."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ArgumentTypeError(f"write a number, {least:,g} to {most:,g}")
        return value

    return read
