"""The settlements of a group of contracts, with the tables of their early-exercise premiums, built at the first use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.sessions import SECONDS_PER_YEAR
from simulator.market.keyed_random import Floats
from simulator.pricing.premium_table import TableStack, build, steps_of
from simulator.pricing.settlement_terms import SettlementTerms

# Standard deviations to settlement: out of the money the premium is below 1e-5 of spot; a put that far in the money is
# exercised at once, unless a dividend is due.
_NEGLIGIBLE, _IMMEDIATE = 3.2, 4.5


class Reading(NamedTuple):
    """Where tables are read, one row per contract; see `TableStack.premium`."""

    settlement: NDArray[np.intp]
    elapsed: Floats
    volatility: Floats
    size: Floats
    moneyness: Floats


class _Group(NamedTuple):
    """Tables of one kind and shape.

    `table` has the index of each settlement's table, or -1. Outside `low` to `high`, in units of moneyness, the premium
    is negligible or exercise immediate.
    """

    stack: TableStack
    table: NDArray[np.intp]
    low: float
    high: float


class Settlements:
    """Terms of some settlements, in one session each, as columns of shape (n,)."""

    def __init__(self, terms: Sequence[SettlementTerms]) -> None:
        self.terms = tuple(terms)
        self.opens = np.array([one.opens for one in terms])
        self.closes = np.array([one.closes for one in terms])
        self.rate = np.array([one.rate for one in terms])
        self.borrow = np.array([one.borrow for one in terms])
        # Present value of the dividends at the open.
        self.paid = np.array([one.present_values(one.opens).sum() for one in terms])
        self._groups: dict[bool, list[_Group]] = {}

    def present_value(self, settlement: NDArray[np.intp], seconds: Floats) -> Floats:
        """Return the present value of the dividends of each row's settlement at epoch seconds, dollars per share."""
        drift = (self.rate - self.borrow)[settlement]
        grown = np.exp(drift * (seconds - self.opens[settlement]) / SECONDS_PER_YEAR)
        return np.asarray(self.paid[settlement] * grown)

    def premium(self, is_call: NDArray[np.bool_], reading: Reading) -> Floats:
        """Return the early-exercise premium over strike of each row."""
        result = np.zeros(len(is_call))
        for kind in (True, False):
            for group in self._groups_of(kind):
                table = group.table[reading.settlement]
                matters = (reading.moneyness > group.low) & (reading.moneyness < group.high)
                rows = np.flatnonzero((is_call == kind) & (table >= 0) & matters)
                if len(rows):
                    columns = (column[rows] for column in reading[1:])
                    result[rows] = group.stack.premium(table[rows], *columns)
        return result

    def _groups_of(self, is_call: bool) -> list[_Group]:
        if is_call not in self._groups:
            self._groups[is_call] = self._build(is_call)
        return self._groups[is_call]

    def _build(self, is_call: bool) -> list[_Group]:
        shapes: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for number, one in enumerate(self.terms):
            # Without dividends a call is not exercised early, because the rate is above the cost of borrowing.
            if one.settles > one.opens and (one.dividends or not is_call):
                shapes[steps_of(one, is_call), bool(one.dividends)].append(number)
        groups = []
        for (steps, pays), numbers in shapes.items():
            table = np.full(len(self.terms), -1, dtype=np.intp)
            table[numbers] = np.arange(len(numbers))
            stack = TableStack(build([self.terms[number] for number in numbers], is_call, steps))
            low = -_NEGLIGIBLE if is_call else -np.inf if pays else -_IMMEDIATE
            high = np.inf if is_call else _NEGLIGIBLE
            groups.append(_Group(stack, table, low, high))
        return groups
