"""True prices and greeks of contracts in a state of the market."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats
from simulator.pricing.black import Greeks, black_greeks, black_price, theta_of
from simulator.pricing.settlements import Reading, Settlements

# Steps of the differences that give the premium's greeks: of spot in standard deviations to settlement, of volatility
# relative to itself.
_SPOT_STEP, _VOLATILITY_STEP = 0.15, 0.02
_TABLE_ERROR = 4e-6


class ContractTerms(NamedTuple):
    """Terms of contracts, columns of shape (n,).

    `settles` is the settlement in epoch seconds, `settlement` its row in `settlements`, and `shares` the number of
    shares of the underlying that a contract delivers per unit of its premium.
    """

    is_call: NDArray[np.bool_]
    strike: Floats
    settles: Floats
    settlement: NDArray[np.intp]
    shares: Floats
    settlements: Settlements
    is_american: bool

    def pick(self, rows: NDArray[np.intp]) -> ContractTerms:
        """Return chosen rows, which may repeat."""
        return self._replace(
            is_call=self.is_call[rows],
            strike=self.strike[rows],
            settles=self.settles[rows],
            settlement=self.settlement[rows],
            shares=self.shares[rows],
        )


class State(NamedTuple):
    """State of contracts, columns of shape (n,).

    `delivered` is the value of what a contract delivers per unit of its premium: spot, for standard contracts.
    `lognormal` is that minus the present value of its dividends until settlement. `years` counts to settlement, and
    `elapsed` is the part of the session that has passed.
    """

    delivered: Floats
    lognormal: Floats
    forward: Floats
    years: Floats
    rate: Floats
    volatility: Floats
    elapsed: Floats


def values(terms: ContractTerms, state: State) -> Floats:
    """Return prices: Black's, for American contracts plus the premium of the tree; the payoff of settled ones."""
    return with_premium(terms, state, early_exercise(terms, state))


def with_premium(terms: ContractTerms, state: State, premium: Floats) -> Floats:
    """Return the prices of `values`, given the premium of early exercise."""
    known = (terms.is_call, state.forward, terms.strike, state.years, state.rate, state.volatility)
    payoff = _payoff(terms, state)
    value = black_price(*known) + premium
    if terms.is_american:
        # Where exercise is immediate, the premium is known up to the error of its table.
        value = np.where((payoff > 0) & (value < payoff + _TABLE_ERROR * terms.strike), payoff, value)
    return np.where(state.years > 0, value, payoff)


def _payoff(terms: ContractTerms, state: State) -> Floats:
    return np.maximum(np.where(terms.is_call, 1.0, -1.0) * (state.delivered - terms.strike), 0.0)


def early_exercise(terms: ContractTerms, state: State) -> Floats:
    """Return the premium of American over European contracts, dollars; too low where exercise is immediate."""
    if not terms.is_american:
        return np.zeros(len(terms.strike))
    with np.errstate(all="ignore"):
        deviation = state.volatility * np.sqrt(np.maximum(state.years, 0.0))
        reading = Reading(
            terms.settlement,
            state.elapsed,
            np.where(state.years > 0, state.volatility, np.nan),
            (state.delivered - state.lognormal) / terms.strike,
            np.log(state.lognormal / terms.strike) / deviation,
        )
    return terms.strike * terms.settlements.premium(terms.is_call, reading)


def premium_greeks(terms: ContractTerms, state: State, premium: Floats) -> Greeks:
    """Return the premium's delta, gamma and vega by differences, given the premium; its theta is NaN."""

    def moved(spot_step: Floats | float = 0.0, volatility_step: float = 0.0) -> Floats:
        changed = state._replace(
            delivered=state.delivered + spot_step,
            lognormal=state.lognormal + spot_step,
            volatility=state.volatility * (1.0 + volatility_step),
        )
        return early_exercise(terms, changed)

    step = _SPOT_STEP * state.volatility * np.sqrt(np.maximum(state.years, 0.0)) * state.lognormal
    low, high = moved(-step), moved(step)
    points = 100.0 * _VOLATILITY_STEP * state.volatility
    with np.errstate(all="ignore"):
        return Greeks(
            (high - low) / (2.0 * step),
            (high - 2.0 * premium + low) / step**2,
            np.full(len(premium), np.nan),
            (moved(volatility_step=_VOLATILITY_STEP) - premium) / points,
        )


def greeks(terms: ContractTerms, state: State, price: Floats, premium: Greeks | None) -> Greeks:
    """Return greeks per unit of what is delivered; NaN for settled contracts.

    `price` are the prices of the contracts, `premium` the greeks of the premium of early exercise, None without one.
    """
    known = (terms.strike, state.years, state.rate, state.volatility)
    found = black_greeks(terms.is_call, state.lognormal, state.forward, *known)
    if premium is not None:
        found = Greeks(*(a + b for a, b in zip(found, premium, strict=True)))
    borrow = terms.settlements.borrow[terms.settlement]
    numbers = (state.delivered, state.lognormal, state.rate, borrow, state.volatility)
    found = found._replace(theta=theta_of(price, found, *numbers))
    if premium is None:
        return found
    # Immediate exercise: the value is the payoff.
    payoff = _payoff(terms, state)
    exercised = (payoff > 0) & (price == payoff)
    sure = Greeks(np.where(terms.is_call, 1.0, -1.0), *(np.zeros(len(price)) for _ in range(3)))
    return Greeks(*(np.where(exercised, a, b) for a, b in zip(sure, found, strict=True)))
