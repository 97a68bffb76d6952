"""Time of the repriced gamma profile of a whole chain under every convention."""

from __future__ import annotations

import numpy as np

from quant.chain import OptionChain
from quant.gamma.exposure import snapshot
from quant.gamma.sensitivity import sensitivity
from tests.bench.measure import Measured, seconds_of

CONTRACTS, LEVELS = 20_000, 60
LIMIT_SECONDS = 0.020
SEED = 20261121


def chain_of(contracts: int) -> OptionChain:
    """Return a random quoted chain around 6,500 with 40 expirations, gammas and volatilities."""
    random = np.random.default_rng(SEED)
    days = random.integers(1, 700, 40)
    series = random.integers(0, len(days), contracts)
    strike = np.round(random.normal(6500, 900, contracts) / 5) * 5
    volatility = random.uniform(0.08, 0.6, contracts)
    years = days[series] / 365
    spot = 6500.0
    d1 = np.log(spot / strike) / (volatility * np.sqrt(years)) + 0.5 * volatility * np.sqrt(years)
    gamma = np.exp(-0.5 * d1**2) / np.sqrt(2 * np.pi) / (spot * volatility * np.sqrt(years))
    value = random.uniform(1, 100, contracts)
    return OptionChain.of(
        root=np.full(contracts, "SPXW"),
        expiration=np.datetime64("2026-11-20") + days[series],
        is_call=random.random(contracts) < 0.5,
        strike=strike,
        years=years,
        bid=value,
        ask=value + 0.5,
        last=value,
        volume=random.integers(0, 5000, contracts).astype(float),
        open_interest=random.integers(0, 20_000, contracts).astype(float),
        multiplier=np.full(contracts, 100.0),
        delta=np.full(contracts, 0.5),
        gamma=gamma,
        implied_volatility=volatility,
        spot=spot,
    )


def gamma_profile() -> Measured:
    """Return the milliseconds of net gamma and flips over 60 levels under every convention, own gamma included."""
    chain = chain_of(CONTRACTS)
    own_iv = chain.implied_volatility * 1.01

    def profile() -> None:
        sensitivity(chain, chain.gamma, own_iv, LEVELS)

    profile()
    seconds = min(seconds_of(profile) for _ in range(15))
    whole = min(seconds_of(lambda: snapshot(chain, chain.gamma, own_iv)) for _ in range(5))
    return Measured(
        value=seconds * 1000,
        unit="ms",
        reference=LIMIT_SECONDS * 1000,
        ratio=LIMIT_SECONDS / seconds,
        details=f"{CONTRACTS:,} contracts x {LEVELS} levels, all conventions; the reference is the required time. "
        f"The whole snapshot over 161 levels takes {whole * 1000:.0f} ms",
    )
