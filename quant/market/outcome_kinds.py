"""Kinds of ends of a signal, and the numbers of the rules of outcomes."""

from __future__ import annotations

from dataclasses import dataclass

# Codes of the ends, in arrays.
OPEN, TARGET_HIT, STOPPED, EXPIRED, NO_DATA = 0, 1, 2, 3, 4
ENDS = ("OPEN", "TARGET_HIT", "STOPPED", "EXPIRED", "NO_DATA")
# Reasons of an end: the first four of EXPIRED, the last three of NO_DATA.
NONE, GAPPED, SESSION_END, MAX_BARS, NO_ROOM, MISSING_BARS, MISSING_MINUTES, NO_BAR = 0, 1, 2, 3, 4, 5, 6, 7
REASONS = (
    "",
    "gapped",
    "session end",
    "bars used up",
    "no room before the wall",
    "two bars in a row are missing",
    "minutes are missing",
    "no bar after the signal",
)


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of a trade, as fractions of the price.

    Slippage is paid on entries, stops and exits at the end of the time, not on targets; commission on every fill.
    """

    slippage: float = 0.0001
    commission: float = 0.0


NO_COSTS = Costs(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class OutcomeRules:
    """Numbers of the rules: distances are multiples of the risk unless said otherwise."""

    nearest_stop: float = 0.25  # an entry nearer to its stop is not made
    wall_distance: float = 0.001  # of the price, before a wall
    least_room: float = 0.5  # to the target before a wall
    missing_in_a_row: int = 2  # bars, after which a signal has no data


RULES = OutcomeRules()
