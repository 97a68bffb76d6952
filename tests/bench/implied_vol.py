"""Implied volatility of 100,000 contracts, compared with QuantLib, vollib and py_vollib_vectorized."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import QuantLib
from numpy.typing import NDArray
from vollib.black_scholes_merton.implied_volatility import implied_volatility as vollib_implied_volatility

from quant.pricing import black_scholes
from quant.pricing.implied_vol import solve
from tests.bench.measure import Measured, seconds_of

CONTRACTS = 100_000
VOLLIB_SAMPLE = 3_000
SEED = 20261121
LEAST_VEGA = 1e-4  # of spot, per unit of volatility; below it the rounding of the price hides the volatility
# The vectorised variant of vollib is unmaintained since 2021 and needs older releases of its dependencies than ours.
VECTORIZED = ("py_vollib_vectorized==0.1.1", "py_lets_be_rational<1.1", "py_vollib<1.0.2", "setuptools<81")
PEER = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from py_vollib_vectorized import vectorized_implied_volatility_black as solve
c = np.load(sys.argv[1])
flag = np.where(c["is_call"], "c", "p")
run = lambda: solve(c["price"], c["forward"], c["strike"], 0.0, c["years"], flag, return_as="numpy", on_error="ignore")
run()
best = min((lambda s: (run(), time.perf_counter() - s)[1])(time.perf_counter()) for _ in range(5))
print(best, np.nanmax(np.abs(run() - c["volatility"])[c["determined"]]))
"""


class Contracts(NamedTuple):
    """Random contracts on one underlying; `determined` is true where vega is large enough to find the volatility."""

    is_call: NDArray[np.bool_]
    price: NDArray[np.float64]
    spot: float
    strike: NDArray[np.float64]
    years: NDArray[np.float64]
    volatility: NDArray[np.float64]
    determined: NDArray[np.bool_]


@cache
def contracts() -> Contracts:
    """Return out-of-the-money options without rates and dividends, which all compared libraries support."""
    random = np.random.default_rng(SEED)
    spot = 100.0
    strike = spot * np.exp(random.uniform(-0.5, 0.5, CONTRACTS))
    years = random.uniform(1 / 365, 2.0, CONTRACTS)
    volatility = random.uniform(0.05, 1.0, CONTRACTS)
    is_call = strike >= spot
    price = black_scholes.price(is_call, spot, strike, years, 0.0, 0.0, volatility)
    vega = 100 * black_scholes.greeks(is_call, spot, strike, years, 0.0, 0.0, volatility).vega
    return Contracts(is_call, price, spot, strike, years, volatility, vega > LEAST_VEGA * spot)


@cache
def own_result() -> tuple[float, float]:
    """Return the best seconds of five runs, and the largest error among the contracts with `determined`."""
    c = contracts()
    arguments = (c.is_call, c.price, c.spot, c.strike, c.years, 0.0, 0.0)
    found = solve(*arguments).volatility
    seconds = min(seconds_of(lambda: solve(*arguments)) for _ in range(5))
    return seconds, float(np.abs(found - c.volatility)[c.determined].max())


def implied_vol_vs_quantlib() -> Measured:
    """Compare with `blackFormulaImpliedStdDev` in a Python loop; its arguments are prepared before the timing."""
    c = contracts()
    kinds = [
        QuantLib.Option.Call if call else QuantLib.Option.Put for call in c.is_call[c.determined].tolist()
    ]
    terms = list(zip(kinds, c.strike[c.determined].tolist(), c.price[c.determined].tolist(), strict=True))
    peer, spot = QuantLib.blackFormulaImpliedStdDev, c.spot
    no_guess = QuantLib.nullDouble()

    def loop() -> None:
        for kind, strike, price in terms:
            peer(kind, strike, spot, price, 1.0, 0.0, no_guess, 1e-12)

    seconds = min(seconds_of(loop) for _ in range(3)) / len(terms)
    return _against("QuantLib", seconds)


def implied_vol_vs_vollib() -> Measured:
    """Compare with vollib's scalar function on a sample, and with py_vollib_vectorized on all contracts."""
    c = contracts()
    chosen = np.flatnonzero(c.determined)[:VOLLIB_SAMPLE]
    flags = np.where(c.is_call[chosen], "c", "p").tolist()
    terms = list(
        zip(c.price[chosen].tolist(), c.strike[chosen].tolist(), c.years[chosen].tolist(), flags, strict=True)
    )

    def loop() -> None:
        for price, strike, years, flag in terms:
            vollib_implied_volatility(price, c.spot, strike, years, 0.0, 0.0, flag)

    return _against("vollib", min(seconds_of(loop) for _ in range(2)) / len(terms), _vectorized())


def _against(peer: str, peer_seconds: float, more: str = "") -> Measured:
    seconds, error = own_result()
    own = seconds / CONTRACTS
    return Measured(
        value=1 / own,
        unit="contracts/s",
        reference=1 / peer_seconds,
        ratio=peer_seconds / own,
        details=f"{own * 1e6:.3f} µs each in one thread, {peer} {peer_seconds * 1e6:.2f} µs; "
        f"largest error {error:.1e} in vol{more}",
    )


def _vectorized() -> str:
    """Describe the time of py_vollib_vectorized for the same contracts, run in a separate virtual environment."""
    c = contracts()
    local = Path(__file__).resolve().parents[2] / ".local"
    python = local / "bench-vollib-vectorized" / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with TemporaryDirectory() as folder:
        data = Path(folder) / "contracts.npz"
        columns = c._asdict() | {"forward": np.full(CONTRACTS, c.spot)}
        np.savez(data, **columns)
        try:
            if not python.exists():
                subprocess.run(
                    [*uv, "venv", "--python", sys.executable, str(python.parents[1])], check=True, env=clean
                )
                subprocess.run(
                    [*uv, "pip", "install", "--python", str(python), *VECTORIZED], check=True, env=clean
                )
            done = subprocess.run(
                [str(python), "-c", PEER, str(data)], check=True, capture_output=True, text=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            return f"; py_vollib_vectorized could not be run ({type(error).__name__})"
    seconds, error_in_vol = map(float, done.stdout.split())
    own, theirs = own_result()[0], seconds / CONTRACTS * 1e6
    return f"; py_vollib_vectorized {theirs:.3f} µs ({seconds / own:.1f} times ours), its error {error_in_vol:.1e}"
