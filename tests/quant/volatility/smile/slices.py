"""Random SVI slices without arbitrage for tests."""

from __future__ import annotations

import numpy as np

from quant.volatility.smile.svi import STEEPEST_WING, Svi


def random_slices(count: int, seed: int) -> tuple[Svi, np.ndarray]:
    """Return slices without butterfly arbitrage, and the years of each; all of shape (count,)."""
    random = np.random.default_rng(seed)
    years, found = np.empty(0), np.empty((5, 0))
    while len(years) < count:
        tried = random.uniform(0.02, 2.0, count)
        deviation = random.uniform(0.1, 0.6, count) * np.sqrt(tried)
        b, rho = random.uniform(0.1, 0.75, count) * deviation, random.uniform(-0.9, 0.6, count)
        m, sigma = random.uniform(-1.0, 1.0, count) * deviation, random.uniform(0.2, 2.0, count) * deviation
        above_zero = random.uniform(0.1, 0.9, count) * deviation**2
        a = above_zero - random.random(count) * b * sigma * np.sqrt(1.0 - rho * rho)
        slices = Svi(a, b, rho, m, sigma)
        density = slices.density(np.linspace(-6.0, 6.0, 241) * deviation[:, None])
        sound = (density.min(axis=1) > 0.0) & (b * (1.0 + np.abs(rho)) < STEEPEST_WING)
        sound &= a + b * sigma * np.sqrt(1.0 - rho * rho) > 0.0
        years, found = np.append(years, tried[sound]), np.append(found, np.array(slices)[:, sound], axis=1)
    return Svi(*found[:, :count]), years[:count]
