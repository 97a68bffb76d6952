"""Implied-volatility surface: SSVI slices on a mean-reverting variance curve, free of static arbitrage.

Total variance at log forward moneyness k is  w = theta/2 (1 + rho p k + sqrt((p k + rho)^2 + 1 - rho^2))
with p(theta) = eta / sqrt(theta (1 + theta)) and eta (1 + |rho|) <= 2 (Gatheral and Jacquier 2014, theorem
4.2 and section 4). At the money, theta(T) = L T + (v - L)(1 - exp(-a T))/a with long variance L, short
variance v and reversion a; it increases in T for every v.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import ndtr

from simulator.market.keyed_random import Floats
from simulator.universe.option_rules import Skew

LONG_VARIANCE = 0.185**2
REVERSION = 5.0
_DAYS_PER_YEAR = 365.0


def atm_total_variance(short_variance: Floats | float, years: Floats | float) -> Floats:
    """Return the at-the-money total variance θ; `years` > 0."""
    short, time = np.asarray(short_variance), np.asarray(years)
    settled = -np.expm1(-REVERSION * time) / REVERSION
    return np.asarray(LONG_VARIANCE * time + (short - LONG_VARIANCE) * settled)


def total_variance(skew: Skew, log_moneyness: Floats, theta: Floats) -> Floats:
    """Return the total implied variance sigma^2 T at k = ln(strike / forward)."""
    phi = skew.eta / np.sqrt(theta * (1.0 + theta))
    shifted = phi * log_moneyness
    root = np.sqrt((shifted + skew.rho) ** 2 + 1.0 - skew.rho**2)
    return np.asarray(0.5 * theta * (1.0 + skew.rho * shifted + root))


def variance_swap(skew: Skew, theta: Floats) -> Floats:
    """Return the fair total variance of variance swaps on slices θ, shape (n,).

    It is 2 ∫ out-of-the-money price / K² dK, with prices over the forward, by the trapezoid rule in k. The Cboe
    volatility indices replicate this quantity.
    """
    reach = 14.0 * np.sqrt(theta)[:, None]
    k = np.linspace(-1.0, 1.0, 801)[None, :] * reach
    w = np.sqrt(total_variance(skew, k, theta[:, None]))
    d1 = -k / w + w / 2
    sign = np.where(k >= 0, 1.0, -1.0)
    price = sign * (ndtr(sign * d1) - np.exp(k) * ndtr(sign * (d1 - w)))
    return np.asarray(2.0 * np.trapezoid(price * np.exp(-k), k, axis=1))


@cache
def _volatility_table(skew: Skew, days: float) -> tuple[Floats, Floats]:
    years = days / _DAYS_PER_YEAR
    log_variance = np.linspace(np.log(1e-3), np.log(1.5), 240)
    swap = variance_swap(skew, atm_total_variance(np.exp(log_variance), years))
    return log_variance, np.log(100.0 * np.sqrt(swap / years))


def volatility_index(skew: Skew, short_variance: Floats, days: float) -> Floats:
    """Return the volatility index of a horizon in calendar days, in percent, given the short variance."""
    log_variance, log_level = _volatility_table(skew, days)
    return np.asarray(np.exp(np.interp(np.log(short_variance), log_variance, log_level)))
