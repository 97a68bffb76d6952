"""Values of American options of one settlement, by the cheapest method that is exact enough for each of them.

Where early exercise is never optimal, Black's formula is exact. Calls that are exercised only immediately before a
dividend need no other exercise times. For all others two inductions, of which one has twice as many steps, are
extrapolated to continuous exercise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from quant.chain import Bools, Floats
from quant.pricing import black_scholes
from quant.pricing.backward_induction import Solution, Steps, Terms, deviation_of, induct
from quant.pricing.escrowed_dividends import CashDividends
from quant.pricing.exercise_dates import ONE_DAY, dividend_dates, exercise_dates, has_tomorrow, shortest_gap
from quant.pricing.lattice import REACH, Lattice

# Standard deviations beyond which exercise adds less than 1e-8 of spot.
_UNREACHABLE = 5.5
_NODES = 113
_NODES_BETWEEN_DIVIDENDS = 161
_MOST_NODES = 241
# Nodes within one standard deviation of the shortest step between two dividends.
_NODES_PER_DEVIATION = 0.9
_NOW = np.zeros(1)
# Contracts per block: the arrays of an induction fit into the cache.
_BLOCK = 512
# Settlements whose matrices a schedule keeps, some megabytes each. The first ones are the nearest.
_MOST_KEPT = 24


@dataclass(frozen=True)
class Styles:
    """Which contracts are never exercised early, and which only before dividends; arrays of shape (n,)."""

    european: Bools
    before_dividends: Bools

    def repeated(self, count: int) -> Styles:
        """Return the same for ``count`` copies of the contracts, one after the other."""
        return Styles(np.tile(self.european, count), np.tile(self.before_dividends, count))


@dataclass(frozen=True)
class Settlement:
    """One settlement, ``years`` above zero, with the dividends until then."""

    years: float
    dividends: CashDividends

    @cached_property
    def _coarse(self) -> Steps:
        return self._steps(exercise_dates(self.years, self.dividends, 1), _NODES)

    @cached_property
    def _fine(self) -> Steps:
        return self._steps(exercise_dates(self.years, self.dividends, 2), _NODES)

    @cached_property
    def _between_dividends(self) -> Steps:
        return self._steps(dividend_dates(self.years, self.dividends), _NODES_BETWEEN_DIVIDENDS)

    def _steps(self, times: Floats, nodes: int) -> Steps:
        """Prepare an induction, with more nodes where the shortest step between two dividends needs them."""
        needed = math.ceil(REACH * _NODES_PER_DEVIATION / math.sqrt(shortest_gap(self.years, self.dividends)))
        count = 2 * min(max(nodes // 2, needed), _MOST_NODES // 2) + 1
        return Steps.of(times, Lattice(count), ONE_DAY if self._has_tomorrow else None)

    @property
    def _has_tomorrow(self) -> bool:
        return has_tomorrow(self.years)

    def diffusing(self, spot: Floats, carry: Floats) -> Floats:
        """Return spot minus the present value of the dividends, shape (n,)."""
        diffusing: Floats = spot - self.dividends.unpaid(_NOW, carry, np.ones(spot.shape, dtype=np.bool_))[0]
        return diffusing

    def exercised_now(self, terms: Terms) -> Floats:
        """Return the value of immediate exercise, possibly negative, shape (n,)."""
        unpaid = self.dividends.unpaid(_NOW, terms.rate - terms.borrow, terms.is_call)[0]
        gain = terms.diffusing + unpaid - terms.strike
        value: Floats = np.where(terms.is_call, gain, -gain)
        return value

    def styles(self, terms: Terms) -> Styles:
        """Return how contracts may be exercised early.

        Between dividends, exercise earns borrow * spot - rate * strike per year for a call, the negative for a put. It
        is never optimal where this is not positive at any spot in the money that can be reached.
        """
        call, rate, borrow = terms.is_call, terms.rate, terms.borrow
        with np.errstate(all="ignore"):
            level = terms.strike * rate / borrow
        paid_by_borrow = np.where(call, borrow > 0.0, borrow < 0.0)
        # For both, exercise earns above this spot if borrow is paid, and below it otherwise.
        above = paid_by_borrow & (call | (level < terms.strike))
        below_call = call & (
            (borrow < 0.0) & (rate < 0.0) & (level > terms.strike) | (borrow == 0.0) & (rate < 0.0)
        )
        below_put = ~call & (rate > 0.0)
        farthest = np.log(np.maximum(level, 1e-300) / terms.diffusing)
        carry = terms.rate - terms.borrow
        deviation = deviation_of(terms, self.years)
        largest = np.maximum(carry * self.years, 0.0) + 0.5 * deviation**2 + _UNREACHABLE * deviation
        room = self.dividends.unpaid(_NOW, np.minimum(carry, 0.0), np.ones_like(call))[0] / terms.diffusing
        unreachable = call & (borrow > 0.0) & (farthest > largest + room)
        between = above & ~unreachable | below_call | below_put
        paid = self.dividends.years.size > 0
        return Styles(european=~between & ~(call & paid), before_dividends=~between & call & paid)

    def solve(self, terms: Terms, styles: Styles) -> Solution:
        """Return values and derivatives, and the value one day later, arrays of shape (n,)."""
        solution = Solution(*(np.empty(terms.strike.shape) for _ in Solution._fields))
        rest = ~(styles.european | styles.before_dividends)
        for chosen, method in (
            (styles.european, self._european),
            (styles.before_dividends, self._exercised_before_dividends),
            (rest, self._extrapolated),
        ):
            rows = np.flatnonzero(chosen)
            for start in range(0, rows.size, _BLOCK):
                block = rows[start : start + _BLOCK]
                part = method(terms.select(block))
                for column, values in zip(solution, part, strict=True):
                    column[block] = values
        return solution

    def _european(self, terms: Terms) -> Solution:
        carry = (terms.rate, terms.borrow)
        known = (terms.diffusing, terms.strike, self.years, *carry, terms.volatility)
        greeks = black_scholes.greeks(terms.is_call, *known)
        later = self._settled(terms)
        if self._has_tomorrow:
            forward = terms.diffusing * np.exp((terms.rate - terms.borrow) * ONE_DAY)
            left = self.years - ONE_DAY
            later = black_scholes.price(terms.is_call, forward, terms.strike, left, *carry, terms.volatility)
        return Solution(self._european_value(terms), greeks.delta, greeks.gamma, later)

    def _european_value(self, terms: Terms) -> Floats:
        known = (terms.diffusing, terms.strike, self.years, terms.rate, terms.borrow, terms.volatility)
        return black_scholes.price(terms.is_call, *known)

    def _exercised_before_dividends(self, terms: Terms) -> Solution:
        solution = self._with_exercise_now(terms, induct(terms, self.dividends, self._between_dividends))
        return solution._replace(value=np.maximum(solution.value, self._european_value(terms)))

    def _extrapolated(self, terms: Terms) -> Solution:
        coarse = self._with_exercise_now(terms, induct(terms, self.dividends, self._coarse))
        fine = self._with_exercise_now(terms, induct(terms, self.dividends, self._fine))
        value, delta, gamma, later = (2.0 * b - a for a, b in zip(coarse, fine, strict=True))
        return Solution(
            value=np.maximum(value, np.maximum(self.exercised_now(terms), self._european_value(terms))),
            delta=np.clip(delta, np.where(terms.is_call, 0.0, -1.0), np.where(terms.is_call, 1.0, 0.0)),
            gamma=np.maximum(gamma, 0.0),
            later=later,
        )

    def _with_exercise_now(self, terms: Terms, held: Solution) -> Solution:
        now = self.exercised_now(terms)
        is_exercised = now >= held.value
        sign = np.where(terms.is_call, 1.0, -1.0)
        return Solution(
            value=np.where(is_exercised, now, np.maximum(held.value, 0.0)),
            delta=np.where(is_exercised, sign, sign * np.clip(sign * held.delta, 0.0, 1.0)),
            gamma=np.where(is_exercised, 0.0, np.maximum(held.gamma, 0.0)),
            later=held.later if self._has_tomorrow else self._settled(terms),
        )

    def _settled(self, terms: Terms) -> Floats:
        """Return the value at settlement where spot is on its forward."""
        gain = terms.diffusing * np.exp((terms.rate - terms.borrow) * self.years) - terms.strike
        return np.maximum(np.where(terms.is_call, gain, -gain), 0.0)


class DividendSchedule(tuple[tuple[float, float], ...]):
    """Dividends as (years from now, dollars), with the settlements that were prepared for them.

    The preparation of a settlement takes as long as the solution of some contracts. Functions that are called for one
    chain in turn share it by passing the same schedule.
    """

    _kept: dict[float, Settlement]

    def __new__(cls, dividends: Iterable[tuple[float, float]] = ()) -> Self:
        schedule = super().__new__(cls, dividends)
        schedule._kept = {}
        return schedule

    def settlement(self, years: float) -> Settlement:
        """Return the settlement after ``years``. Raises ValueError as ``CashDividends.until`` does."""
        found = self._kept.get(years)
        if found is None:
            found = Settlement(years, CashDividends.until(years, self))
            if len(self._kept) < _MOST_KEPT:
                self._kept[years] = found
        return found
