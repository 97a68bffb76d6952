"""Quarterly cash dividends of ETFs and stocks, by rule, for any year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from simulator.market.keyed_random import generator
from simulator.universe.dates import FRIDAY, session_from, session_until, weekday_of_month

FREQUENCY = 4  # payments per year
QUARTER_ENDS = (3, 6, 9, 12)
_VARIATION = 0.04  # largest relative deviation of one payment from the yield


class Dividend(NamedTuple):
    """One cash dividend, dollars per share; those of a recorded chain's symbol may lack two dates."""

    symbol: str
    amount: float
    declared: dt.date | None
    ex_date: dt.date
    paid: dt.date | None = None


@dataclass(frozen=True)
class Payout:
    """Rule of a quarterly dividend.

    `annual` is the sum of a year as a fraction of the long-run level. The ex-date is the `week`-th `weekday` of
    `months`. The amount is known `declared_days` before it and rounded to `decimals`.
    """

    annual: float
    months: tuple[int, ...] = QUARTER_ENDS
    weekday: int = FRIDAY
    week: int = 3
    declared_days: int = 28
    paid_days: int = 40
    decimals: int = 2


@cache
def dividends_of(symbol: str, payout: Payout, level: float, year: int) -> tuple[Dividend, ...]:
    """Return the dividends of a symbol with ex-dates in a year, ascending; `level` in dollars."""
    variation = generator("payout", symbol, year).uniform(-_VARIATION, _VARIATION, len(payout.months))
    found = []
    for month, change in zip(payout.months, variation.tolist(), strict=True):
        ex_date = weekday_of_month(year, month, payout.weekday, payout.week)
        amount = round(level * payout.annual / FREQUENCY * (1 + change), payout.decimals)
        declared = session_until(ex_date - dt.timedelta(days=payout.declared_days))
        paid = session_from(ex_date + dt.timedelta(days=payout.paid_days))
        found.append(Dividend(symbol, max(amount, 10.0**-payout.decimals), declared, ex_date, paid))
    return tuple(found)
