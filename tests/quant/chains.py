"""Small chains for the tests: say what matters, the rest is plain."""

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
    """A chain of one underlying; scalars stand for the whole column."""
    n = len(strike)
    plain = {
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
    }
    filled = {name: np.broadcast_to(np.asarray(value, float), n) for name, value in (plain | columns).items()}
    return OptionChain(
        root=np.broadcast_to(np.asarray(root), n),
        expiration=np.broadcast_to(np.asarray(expiration, "datetime64[D]"), n),
        is_call=np.asarray(is_call, dtype=bool),
        strike=np.asarray(strike, float),
        spot=spot,
        **filled,
    )


def random_chain(n: int, seed: int, spot: float = 100.0) -> OptionChain:
    """Calls and puts around the spot with a smile, and Black-Scholes gammas that fit their volatilities."""
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
    """The textbook formula without rates, written apart from the code under test."""
    deviation = volatility * np.sqrt(years)
    d1 = np.log(spot / strike) / deviation + deviation / 2.0
    return np.exp(-(d1**2) / 2.0) / (np.sqrt(2.0 * np.pi) * spot * deviation)
