"""Implied volatility and greeks of a chain of American options, compared with QuantLib's finite differences."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from quant.pricing import american
from tests.bench.measure import Measured, seconds_of
from tests.quant.pricing import american_reference, quantlib_american
from tests.quant.pricing.american_contracts import DAYS_PER_YEAR, SPOT
from tests.quant.pricing.quantlib_american import Terms

CONTRACTS = 10_000
SAMPLE = 200
SEED = 20261129
RATE, BORROW = 0.042, 0.003
# Finite differences whose errors are not smaller than ours, see `_errors`.
TIME_STEPS, ASSET_STEPS = 400, 800
DAYS = (
    1,
    3,
    5,
    8,
    12,
    15,
    22,
    29,
    36,
    43,
    57,
    71,
    85,
    113,
    141,
    176,
    204,
    232,
    260,
    295,
    351,
    386,
    477,
    568,
    750,
    912,
)
DIVIDENDS = tuple((20 + 91 * quarter, 0.6) for quarter in range(10))
LOWEST, HIGHEST = 0.05, 1.5  # volatilities between which QuantLib's price is solved
LEAST_VEGA = 0.01  # dollars per percentage point; below it QuantLib's error hides the volatility


class Chain(NamedTuple):
    """Contracts of one underlying at 100 dollars with quarterly dividends, arrays of shape (n,)."""

    is_call: NDArray[np.bool_]
    strike: NDArray[np.float64]
    days: NDArray[np.int64]
    volatility: NDArray[np.float64]


def chain_of(contracts: int) -> Chain:
    """Return random contracts of 26 expirations, with strikes within two standard deviations."""
    random = np.random.default_rng(SEED)
    days = random.choice(DAYS, contracts)
    volatility = random.uniform(0.15, 0.6, contracts)
    distance = random.uniform(-2.0, 2.0, contracts) * volatility * np.sqrt(days / DAYS_PER_YEAR)
    return Chain(random.random(contracts) < 0.5, np.round(SPOT * np.exp(distance)), days, volatility)


def american_vs_quantlib() -> Measured:
    """Compare with a Python loop: Brent's method for the volatility, then six solutions for price and greeks."""
    chain = chain_of(CONTRACTS)
    dividends = [(day / DAYS_PER_YEAR, cash) for day, cash in DIVIDENDS]
    terms = (SPOT, chain.strike, chain.days / DAYS_PER_YEAR, RATE, BORROW)
    price = american.price(chain.is_call, *terms, chain.volatility, dividends)
    vega = american.greeks(chain.is_call, *terms, chain.volatility, dividends).vega

    def own() -> None:
        american.implied_vol(chain.is_call, price, *terms, dividends)
        american.greeks(chain.is_call, *terms, chain.volatility, dividends)

    seconds = min(seconds_of(own) for _ in range(2))
    rows = np.flatnonzero(vega > LEAST_VEGA)[:SAMPLE].tolist()
    peer_seconds = seconds_of(lambda: _loop(chain, price, rows))
    per_contract, per_contract_of_peer = seconds / CONTRACTS, peer_seconds / len(rows)
    return Measured(
        value=1 / per_contract,
        unit="contracts/s",
        reference=1 / per_contract_of_peer,
        ratio=per_contract_of_peer / per_contract,
        details=f"{CONTRACTS:,} contracts in {seconds:.2f} s, QuantLib {TIME_STEPS} x {ASSET_STEPS} "
        f"{per_contract_of_peer * 1e3:.0f} ms each; {_errors()}",
    )


def _loop(chain: Chain, price: NDArray[np.float64], rows: list[int]) -> None:
    for row in rows:
        terms = Terms(
            bool(chain.is_call[row]),
            SPOT,
            float(chain.strike[row]),
            int(chain.days[row]),
            RATE,
            BORROW,
            float(chain.volatility[row]),
            tuple((day, cash) for day, cash in DIVIDENDS if day <= chain.days[row]),
        )
        wanted = float(price[row])

        def miss(volatility: float, terms: Terms = terms, wanted: float = wanted) -> float:
            moved = terms._replace(volatility=volatility)
            return quantlib_american.price(moved, TIME_STEPS, ASSET_STEPS) - wanted

        brentq(miss, LOWEST, HIGHEST, xtol=1e-6)
        quantlib_american.values(terms, TIME_STEPS, ASSET_STEPS)


def _errors() -> str:
    """Describe errors / spot of both against the stored prices of 800 x 1600 steps."""
    rows = np.arange(SAMPLE)
    contracts, stored = american_reference.load()
    theirs = [
        quantlib_american.price(american_reference.terms_of(contracts, row), TIME_STEPS, ASSET_STEPS)
        for row in rows.tolist()
    ]
    return "; ".join(
        f"{name}'s error / spot against 800 x 1600: 99 % {np.quantile(error, 0.99):.1e}, largest {error.max():.1e}"
        for name, found in (
            ("our price", american_reference.ours(rows).price),
            ("QuantLib", np.array(theirs)),
        )
        for error in [np.abs(found - stored.price[rows]) / SPOT]
    )
