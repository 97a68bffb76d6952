"""What a contract delivers: 100 shares, or another quantity when a split or spin-off took effect after its listing.

As under the rules of the Options Clearing Corporation, such a contract keeps its strike, its premium still counts 100
units, and its root gets a number: AMD1 delivers 150 shares after one split 3 for 2, META1 delivers 100 shares and 10
shares of the spun-off company. New contracts of the plain root are listed from that date on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.contracts import SHARES_PER_CONTRACT
from simulator.market.keyed_random import Floats
from simulator.universe.capital_changes import SPIN_OFF_RULES, SPLIT_RULES, change_dates

MOST_CHANGES = 3  # in the life of a contract


class Deliverable(NamedTuple):
    """What one contract delivers: shares of the underlying, and shares of `child`, a spun-off company, or None."""

    shares: float
    child: str | None = None
    child_shares: float = 0.0


def adjusted_root(root: str, changes: int) -> str:
    """Return the root of contracts that were listed with `root` and saw a number of changes since."""
    return f"{root}{changes}" if changes else root


@cache
def changes_of(root: str) -> int:
    """Return the number of changes that contracts of a root have seen: its last digit."""
    return int(root[-1]) if root[-1:].isdigit() else 0


def deliverable(symbol: str, root: str) -> Deliverable:
    """Return what a contract of a root on a symbol delivers."""
    changes = changes_of(root)
    if changes and symbol in SPLIT_RULES:
        rule = SPLIT_RULES[symbol]
        return Deliverable(SHARES_PER_CONTRACT * (rule.split_to / rule.split_from) ** changes)
    if changes and symbol in SPIN_OFF_RULES:
        spun = SPIN_OFF_RULES[symbol]
        return Deliverable(SHARES_PER_CONTRACT, spun.child, changes * spun.ratio * SHARES_PER_CONTRACT)
    return Deliverable(SHARES_PER_CONTRACT)


def shares_per_contract(symbol: str, roots: NDArray[np.str_]) -> Floats:
    """Return the shares of the underlying that each contract delivers."""
    if not change_dates(symbol):
        return np.full(len(roots), SHARES_PER_CONTRACT)
    names, row = np.unique(roots, return_inverse=True)
    return np.array([deliverable(symbol, str(name)).shares for name in names])[row]


def shares_per_unit(symbol: str, roots: NDArray[np.str_]) -> Floats:
    """Return the delivered shares of each contract divided by the usual 100; 1 for standard contracts."""
    return shares_per_contract(symbol, roots) / SHARES_PER_CONTRACT


def roots_of(symbol: str, plain: tuple[str, ...]) -> tuple[str, ...]:
    """Return the plain and the adjusted roots of a symbol."""
    if symbol not in SPLIT_RULES and symbol not in SPIN_OFF_RULES:
        return plain
    return tuple(adjusted_root(root, changes) for root in plain for changes in range(MOST_CHANGES + 1))


def delivered_value(
    symbol: str, roots: NDArray[np.str_], level_of: Callable[[str], Floats | float]
) -> Floats | float:
    """Return what each contract delivers, in dollars per unit of its premium: the level for standard contracts.

    `level_of` returns the level of a symbol, one number or an array parallel to `roots`.
    """
    level = level_of(symbol)
    if not change_dates(symbol):
        return level
    names, row = np.unique(roots, return_inverse=True)
    parts = [deliverable(symbol, str(name)) for name in names]
    value = level * (np.array([part.shares for part in parts]) / SHARES_PER_CONTRACT)[row]
    child = next((part.child for part in parts if part.child is not None), None)
    if child is not None:
        value = (
            value + level_of(child) * (np.array([p.child_shares for p in parts]) / SHARES_PER_CONTRACT)[row]
        )
    return np.asarray(value, dtype=np.float64)
