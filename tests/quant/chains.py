"""Chains for tests: columns have defaults, which keyword arguments override."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quant.chain import OptionChain

Floats = NDArray[np.float64]


def make_chain(
    strike: Sequence[float],
    is_call: Sequence[bool],
    *,
    spot: float = 100.0,
    root: str | Sequence[str] = "XYZ",
    expiration: str | Sequence[str] = "2026-01-16",
    **columns: float | Sequence[float] | Floats,
) -> OptionChain:
    """Return a chain of one underlying; a scalar is used for every contract."""
    n = len(strike)
    defaults = {
        "years": 0.1,
        "bid": 1.0,
        "ask": 1.1,
        "last": 1.05,
        "volume": 10.0,
        "open_interest": 100.0,
        "multiplier": 100.0,
        "delta": 0.5,
        "gamma": 0.02,
        "implied_volatility": 0.2,
        "forward": np.nan,
        "rate": np.nan,
    }
    filled = {
        name: np.broadcast_to(np.asarray(value, float), n) for name, value in (defaults | columns).items()
    }
    return OptionChain(
        root=np.broadcast_to(np.asarray(root), n),
        expiration=np.broadcast_to(np.asarray(expiration, "datetime64[D]"), n),
        is_call=np.asarray(is_call, dtype=bool),
        strike=np.asarray(strike, float),
        spot=spot,
        **filled,
    )


def random_chain(n: int, seed: int, spot: float = 100.0) -> OptionChain:
    """Return calls and puts around the spot with a volatility smile and the matching Black-Scholes gammas."""
    numbers = np.random.default_rng(seed)
    strike = spot * np.round(numbers.uniform(0.7, 1.3, n), 2)
    years = numbers.choice([2.0, 9.0, 30.0, 90.0], n) / 365.0
    volatility = 0.2 + 0.5 * (strike / spot - 1.0) ** 2 + numbers.uniform(0.0, 0.02, n)
    return make_chain(
        strike,
        numbers.random(n) < 0.5,
        spot=spot,
        years=years,
        implied_volatility=volatility,
        gamma=black_scholes_gamma(spot, strike, years, volatility),
        open_interest=numbers.integers(0, 1000, n),
        volume=numbers.integers(0, 1000, n),
    )


def black_scholes_gamma(spot: float | Floats, strike: Floats, years: Floats, volatility: Floats) -> Floats:
    """Return the Black-Scholes gamma at zero rates, computed independently of the tested code."""
    deviation = volatility * np.sqrt(years)
    d1 = np.log(spot / strike) / deviation + deviation / 2.0
    return np.exp(-(d1**2) / 2.0) / (np.sqrt(2.0 * np.pi) * spot * deviation)
