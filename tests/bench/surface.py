"""SVI slices of an index chain, compared with scipy's `least_squares` for each expiration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from quant.chain import OptionChain
from quant.volatility.smile.quotes import SmileQuotes
from quant.volatility.smile.svi import Svi
from quant.volatility.surface import fit_smiles, fit_svi, surface_grid, svi_total_variance
from tests.bench.measure import Measured, best_ms
from tests.quant.volatility.smile.chains import svi_chain

DAYS = (*range(1, 22), 25, 28, 32, 35, 39, 43, 50, 57, 64, 77, 92, 106, 127, 155, 183, 246, 309, 365, 490)
STRIKES = 250
SEED = 20261129
Floats = NDArray[np.float64]


def surface() -> Measured:
    """Compare a whole surface with a loop that only minimises the same errors, each from a start of its own size.

    The surface is everything from the contracts of a chain to its points: choice of quotes, SVI and cubic fits, checks
    for arbitrage, and interpolation.
    """
    chain = noisy_chain()
    smiles = fit_smiles(chain)
    quotes = smiles.quotes
    curve = (quotes.k, quotes.total_variance, quotes.weights)
    fit_ms = best_ms(lambda: fit_svi(*curve), repeats=20)
    whole_ms = best_ms(lambda: surface_grid(fit_smiles(chain)), repeats=20)
    peer_ms = best_ms(lambda: _loop(quotes), repeats=10)
    peer = _loop(quotes)
    theirs = np.array([_rmse(quotes, row, parameters) for row, parameters in enumerate(peer)])
    ours = np.array([_rmse(quotes, row, column) for row, column in enumerate(np.array(fit_svi(*curve)).T)])
    return Measured(
        value=whole_ms,
        unit="ms",
        reference=peer_ms,
        ratio=peer_ms / whole_ms,
        details=f"from {len(chain):,} contracts to {np.isfinite(surface_grid(smiles).volatility).sum()} points; "
        f"{len(DAYS)} expirations, {quotes.number.sum():,} quotes; error {ours.mean():.4f} half-spreads, least_squares "
        f"{theirs.mean():.4f}; required: ratio 20, better: 50 ms. The fits alone {fit_ms:.1f} ms, ratio "
        f"{peer_ms / fit_ms:.0f}",
    )


def noisy_chain() -> OptionChain:
    """Return 20,000 contracts of 40 expirations, each volatility within the half-spread of an SVI slice."""
    random = np.random.default_rng(SEED)
    count = len(DAYS)
    deviation = 0.15 * np.sqrt(np.array(DAYS) / 365.0)
    slices = Svi(
        a=random.uniform(0.3, 0.6, count) * deviation**2,
        b=random.uniform(0.3, 0.7, count) * deviation,
        rho=random.uniform(-0.8, 0.2, count),
        m=random.uniform(-0.6, 0.6, count) * deviation,
        sigma=random.uniform(0.3, 1.6, count) * deviation,
    )
    chain = svi_chain(DAYS, slices, half_spread=0.001, reach=(-3.2, 2.4), strikes=STRIKES)
    noise = np.repeat(random.uniform(-0.001, 0.001, len(chain) // 2), 2)
    return replace(chain, implied_volatility=chain.implied_volatility + noise)


def _loop(quotes: SmileQuotes) -> list[Floats]:
    found = []
    for row, number in enumerate(quotes.number.tolist()):
        k, value = quotes.k[row, :number], quotes.total_variance[row, :number]
        weight = np.sqrt(quotes.weights[row, :number])
        lowest, deviation = float(value.min()), float(np.sqrt(np.interp(0.0, k, value)))

        def residual(
            parameters: Floats, k: Floats = k, value: Floats = value, weight: Floats = weight
        ) -> Floats:
            return (svi_total_variance(k, *parameters) - value) * weight

        solution = least_squares(
            residual,
            [0.5 * lowest, 0.5 * deviation, -0.5, 0.0, deviation],
            bounds=([-1.0, 0.0, -1.0, -2.0, 1e-4], [1.0, 2.0, 1.0, 2.0, 5.0]),
            x_scale="jac",
        )
        found.append(solution.x)
    return found


def _rmse(quotes: SmileQuotes, row: int, parameters: Floats) -> float:
    number = quotes.number[row]
    error = svi_total_variance(quotes.k[row, :number], *parameters) - quotes.total_variance[row, :number]
    return float(np.sqrt(np.mean(error**2 * quotes.weights[row, :number])))
