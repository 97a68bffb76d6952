"""Types of the arguments of commands, which refuse a value in one sentence."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

MOST_ID = 2**63 - 1  # of a row


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number within limits, both included."""

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
