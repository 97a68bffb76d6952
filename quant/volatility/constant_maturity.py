"""At-the-money volatility of a chain at a constant maturity, so that sessions can be compared.

Between the settlements of `quant.volatility.atm`, total variance (volatility squared times time) is linear. Outside the
first and last one the nearest volatility is used, up to half the requested term away.
"""

from __future__ import annotations

import numpy as np

from quant.chain import DAYS_PER_YEAR, Bools, Floats, OptionChain
from quant.volatility.atm import AtmCurve, atm_curve, measurable

_DOCUMENTED_DAYS = (30, 45)
_DOCUMENTED_MIDDLE = 37.5
_NEAR_DAYS, _FAR_DAYS = 30.0, 60.0
_WING_DELTA = 0.25


def at_maturity(years: Floats, volatility: Floats, days: float, reach: float = 0.5) -> float:
    """Return the volatility `days` from now on an ascending curve (e,), linear in total variance.

    Outside the curve its nearest end is used within `reach` of `days`: for 30 days and one half, ends at 15 to 45
    days. NaN beyond that, and on an empty curve.
    """
    known = np.isfinite(volatility)
    if not known.any():
        return np.nan
    target, at, vol = days / DAYS_PER_YEAR, years[known], volatility[known]
    nearest = np.clip(target, at[0], at[-1])
    if abs(nearest - target) > reach * target:
        return np.nan
    return float(np.sqrt(np.interp(nearest, at, vol * vol * at) / nearest))


def _curve_of(chain: OptionChain | AtmCurve) -> AtmCurve:
    return chain if isinstance(chain, AtmCurve) else atm_curve(chain)


def constant_maturity_iv(chain: OptionChain | AtmCurve, days: float = _NEAR_DAYS) -> float:
    """Return at-the-money volatility of a chain or its curve at `days` calendar days, a fraction or NaN."""
    curve = _curve_of(chain)
    return at_maturity(curve.years, curve.volatility, days)


def documented_iv(chain: OptionChain | AtmCurve) -> float:
    """Return the volatility "ATM, 30 to 45 days" of the project documents for a chain or its curve, a fraction or NaN.

    Two or more expirations of 30 to 45 days: their curve at 37.5 days, or the nearest of them when all
    lie on one side of it. One: its own volatility. None: the 30-day volatility of the whole curve.
    """
    curve = _curve_of(chain)
    low, high = _DOCUMENTED_DAYS
    inside = (curve.days >= low) & (curve.days <= high)
    if not inside.any():
        return at_maturity(curve.years, curve.volatility, low)
    years, volatility = curve.years[inside], curve.volatility[inside]
    return at_maturity(years, volatility, _DOCUMENTED_MIDDLE, reach=1.0)


def risk_reversal_25d(chain: OptionChain, days: float = _NEAR_DAYS) -> float:
    """Return 25-delta put volatility less 25-delta call volatility at `days`, a fraction or NaN.

    Positive when puts cost more, as on indices. Each wing is interpolated linearly in its own deltas between the two
    contracts around 0.25, then to `days` in total variance.
    """
    settlements, *wings = _wings(chain)
    put, call = (at_maturity(settlements, wing, days) for wing in wings)
    return put - call


def _wings(chain: OptionChain) -> tuple[Floats, Floats, Floats]:
    """Return settlements in years, ascending, and the 25-delta put and call volatility of each; all of shape (e,)."""
    chain = chain.select(measurable(chain) & np.isfinite(chain.delta))
    settlements = np.unique(chain.years)
    put, call = (
        np.array([_wing(chain, (chain.years == years) & side) for years in settlements], dtype=np.float64)
        for side in (~chain.is_call, chain.is_call)
    )
    return settlements, put, call


def _wing(chain: OptionChain, rows: Bools) -> float:
    delta = np.abs(chain.delta[rows])
    order = np.argsort(delta)
    if not len(order):
        return np.nan
    volatility = chain.implied_volatility[rows][order]
    return float(np.interp(_WING_DELTA, delta[order], volatility, left=np.nan, right=np.nan))


def term_slope(chain: OptionChain | AtmCurve, near: float = _NEAR_DAYS, far: float = _FAR_DAYS) -> float:
    """Return the change of at-the-money volatility of a chain or its curve from `near` to `far` days, per 30 days."""
    curve = _curve_of(chain)
    near_iv, far_iv = (at_maturity(curve.years, curve.volatility, days) for days in (near, far))
    return (far_iv - near_iv) * 30.0 / (far - near)


def still_needed(chain: OptionChain, settlements: Floats, is_read: Bools, reach: int = 1) -> Bools:
    """Return the settlements that must still be read for the measures to equal those of the whole chain.

    `chain` holds every contract with a volatility of the settlements that `is_read` marks; both of shape (e,),
    `settlements` in years, ascending, none settled. The measures at their own maturities (30, 37.5 and 60 days)
    depend on the nearest settlement on either side that has an at-the-money volatility, at 30 days also on the
    nearest that have a wing. Where none is read yet on a side, its nearest `reach` unread ones are returned.
    """
    years, put, call = _wings(chain)
    sound = chain.select(measurable(chain))
    at_the_money = np.isin(settlements, sound.years[sound.pairs()[0]])
    resting_on = [(days, at_the_money) for days in (_NEAR_DAYS, _DOCUMENTED_MIDDLE, _FAR_DAYS)]
    resting_on += [(_NEAR_DAYS, np.isin(settlements, years[np.isfinite(wing)])) for wing in (put, call)]
    needed = np.zeros(len(settlements), dtype=np.bool_)
    for days, known in resting_on:
        target = days / DAYS_PER_YEAR
        later, earlier = np.flatnonzero(settlements >= target), np.flatnonzero(settlements <= target)[::-1]
        for outward in (later, earlier):
            nearest = np.append(np.flatnonzero(known[outward]), len(outward))[0]
            between = outward[:nearest]
            needed[between[~is_read[between]][:reach]] = True
    return needed
