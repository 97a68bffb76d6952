"""Splits and spin-offs of stocks, by rule: one every 48 weeks, so that one lies inside the year before any date.

AMD is split 3 for 2. META distributes one share of a fictitious stock for every ten of its own. Contracts that are
open on such a date keep their strike and get a new root and deliverable (`simulator.universe.deliverables`).
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import NamedTuple

from simulator.universe.dates import session_from

_FIRST, _LAST = dt.date(2010, 1, 1), dt.date(2042, 1, 1)
_EVERY = dt.timedelta(weeks=48)


class SplitRule(NamedTuple):
    """Every 48 weeks from `anchor`, `split_from` shares become `split_to`."""

    anchor: dt.date
    split_from: int
    split_to: int


class SpinOffRule(NamedTuple):
    """Every 48 weeks from `anchor`, the holder of one share gets `ratio` shares of the stock `child`."""

    anchor: dt.date
    child: str
    ratio: float


class Split(NamedTuple):
    """One split; `factor` new shares replace one old share from the open of `execution` on."""

    symbol: str
    execution: dt.date
    split_from: int
    split_to: int

    @property
    def factor(self) -> float:
        """The number of new shares per old share."""
        return self.split_to / self.split_from


SPLIT_RULES = {"AMD": SplitRule(dt.date(2025, 11, 17), 2, 3)}
SPIN_OFF_RULES = {"META": SpinOffRule(dt.date(2025, 10, 6), "ZAAM", 0.1)}


@cache
def change_dates(symbol: str) -> tuple[dt.date, ...]:
    """Return the sessions at whose opens the symbol's splits or spin-offs take effect, ascending; most have none."""
    rule = SPLIT_RULES.get(symbol) or SPIN_OFF_RULES.get(symbol)
    if rule is None:
        return ()
    day = rule.anchor - (rule.anchor - _FIRST) // _EVERY * _EVERY
    dates = []
    while day < _LAST:
        dates.append(session_from(day))
        day += _EVERY
    return tuple(dates)


def splits_of(symbol: str) -> list[Split]:
    """Return all splits of a symbol, past and future, ascending."""
    rule = SPLIT_RULES.get(symbol)
    if rule is None:
        return []
    return [Split(symbol, day, rule.split_from, rule.split_to) for day in change_dates(symbol)]


def changes_between(symbol: str, after: dt.date, until: dt.date) -> int:
    """Return the number of splits or spin-offs that take effect after one date and not after another."""
    return sum(after < day <= until for day in change_dates(symbol))


def split_factor(symbol: str, after: dt.date, until: dt.date) -> float:
    """Return how many shares of `until` one share of `after` has become through splits."""
    rule = SPLIT_RULES.get(symbol)
    if rule is None:
        return 1.0
    return float((rule.split_to / rule.split_from) ** changes_between(symbol, after, until))
