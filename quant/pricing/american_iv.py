"""Implied volatility of American options of one settlement.

The difference between the American and the European value changes slowly with volatility. The unknown is therefore the
volatility whose European value is the price minus that difference, found by a secant iteration between bounds.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Bools, Floats
from quant.pricing import black_scholes, implied_vol
from quant.pricing.backward_induction import SMALLEST_DEVIATION, Terms
from quant.pricing.implied_vol import ImpliedVolatility
from quant.pricing.iv_status import IvStatus
from quant.pricing.settlement_solver import Settlement

# Largest standard deviation to settlement that is searched.
_LARGEST_SEARCHED = 4.0
# Errors of the price at which the iteration ends, as fractions of spot and of the price. One more step follows, whose
# error is smaller by orders of magnitude.
_TOLERANCE = 1e-6
_RELATIVE_TOLERANCE = 1e-4
# A last step that changes the volatility by a larger fraction than this is not taken.
_CLOSE = 1e-3
_SMALLEST_INTERVAL = 1e-11
_ITERATION_LIMIT = 60
_SECANT_ITERATIONS = 8


def solve(settlement: Settlement, terms: Terms, price: Floats) -> ImpliedVolatility:
    """Return volatilities and statuses of shape (n,) for prices in dollars; ``terms.volatility`` is not used."""
    european = _european_volatility(settlement, terms, price)
    volatility, status = european.volatility.copy(), european.status.copy()
    largest = _LARGEST_SEARCHED / np.sqrt(settlement.years)
    low = status == IvStatus.ok
    low &= price <= settlement.exercised_now(terms)
    volatility[low], status[low] = np.nan, IvStatus.below_intrinsic
    # No volatility above the European one gives the price, because the American value is not smaller.
    volatility[status == IvStatus.above_maximum] = largest
    volatility = np.minimum(volatility, largest)
    searched = np.isfinite(volatility)
    searched &= ~settlement.styles(terms._replace(volatility=np.nan_to_num(volatility))).european
    rows = np.flatnonzero(searched)
    if rows.size:
        part = terms.select(rows)
        volatility[rows], status[rows] = _search(settlement, part, price[rows], volatility[rows])
    volatility[status == IvStatus.above_maximum] = np.nan
    return ImpliedVolatility(volatility, status)


def _european_volatility(settlement: Settlement, terms: Terms, price: Floats) -> ImpliedVolatility:
    return implied_vol.solve(
        terms.is_call, price, terms.diffusing, terms.strike, settlement.years, terms.rate, terms.borrow
    )


def _search(settlement: Settlement, terms: Terms, price: Floats, start: Floats) -> ImpliedVolatility:
    """Return the volatilities between zero and ``start`` that give the prices, shape (n,)."""
    smallest = SMALLEST_DEVIATION / np.sqrt(settlement.years)
    found = np.full(price.shape, np.nan)
    status = np.full(price.shape, IvStatus.below_intrinsic, dtype=np.int8)
    rows = np.arange(price.size)
    sigma, low, high = start.copy(), np.zeros(price.shape), start * (1.0 + 1e-6)
    last_sigma, last_change = np.full(price.shape, np.nan), np.full(price.shape, np.nan)
    for iteration in range(_ITERATION_LIMIT):
        part = terms.select(rows)._replace(volatility=sigma)
        miss, change = _misses(settlement, part, price[rows])
        if iteration == 0:
            status[rows[miss < -_TOLERANCE * part.diffusing]] = IvStatus.above_maximum
        low = np.where(miss < 0.0, sigma, low)
        high = np.where(miss < 0.0, high, sigma)
        suggested, usable = _suggest(sigma, change, last_sigma, last_change, low, high)
        near = np.abs(miss) <= np.minimum(_TOLERANCE * part.diffusing, _RELATIVE_TOLERANCE * price[rows])
        near |= high - low <= _SMALLEST_INTERVAL * high
        done = near & (sigma > smallest)
        close = usable & (np.abs(suggested - sigma) <= _CLOSE * sigma)
        found[rows[done]] = np.where(close, suggested, sigma)[done]
        status[rows[done]] = IvStatus.ok
        stay = ~near & (high > smallest) & (status[rows] != IvStatus.above_maximum)
        # A secant that converges slowly alternates with bisection.
        usable &= iteration < _SECANT_ITERATIONS or iteration % 2 == 0
        following = np.where(usable, suggested, 0.5 * (low + high))
        rows, last_sigma, last_change, sigma = rows[stay], sigma[stay], change[stay], following[stay]
        low, high = low[stay], high[stay]
        if not rows.size:
            break
    return ImpliedVolatility(found, status)


def _misses(settlement: Settlement, terms: Terms, price: Floats) -> tuple[Floats, Floats]:
    """Return value - price, and the change of volatility that the European value suggests, NaN where it has none."""
    value = settlement.solve(terms, settlement.styles(terms)).value
    known = (terms.diffusing, terms.strike, settlement.years, terms.rate, terms.borrow, terms.volatility)
    premium = value - black_scholes.price(terms.is_call, *known)
    return value - price, _european_volatility(
        settlement, terms, price - premium
    ).volatility - terms.volatility


def _suggest(
    sigma: Floats, change: Floats, last_sigma: Floats, last_change: Floats, low: Floats, high: Floats
) -> tuple[Floats, Bools]:
    """Return the next volatility, by secant or else by the suggested change, and whether it is between the bounds."""
    with np.errstate(all="ignore"):
        secant = sigma - change * (sigma - last_sigma) / (change - last_change)
    suggested = np.where((secant > low) & (secant < high), secant, sigma + change)
    return suggested, (suggested > low) & (suggested < high)
