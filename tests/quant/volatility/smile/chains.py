"""Quoted European chains on SVI smiles for tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.chain import COLUMNS, OptionChain
from quant.pricing import black_scholes
from quant.volatility.smile.svi import Svi
from tests.quant.chains import make_chain

SPOT, RATE = 4500.0, 0.05
FIRST_DAY = np.datetime64("2026-01-02")


def svi_of(days, level=0.15, skew=-0.6):
    """Return SVI slices without arbitrage for settlements in `days`, at about one level of volatility."""
    years = np.asarray(days, float) / 365.0
    deviation = level * np.sqrt(years)
    return Svi(
        0.5 * deviation**2,
        0.4 * deviation,
        np.full(len(years), skew),
        0.1 * deviation,
        0.9 * deviation,
    )


def svi_chain(days, slices=None, *, half_spread=0.002, reach=(-4.0, 3.0), strikes=60, root="SPXW"):
    """Return calls and puts at the same strikes around the forward, quoted around their value on the slices.

    `half_spread` is in volatility, `reach` in standard deviations at the money.
    """
    slices = svi_of(days) if slices is None else slices
    parts = []
    for number, day in enumerate(days):
        years = day / 365.0
        forward = SPOT * np.exp(RATE * years)
        slice_ = Svi(*(column[number] for column in slices))
        k = np.sqrt(slice_.total_variance([0.0])[0]) * np.linspace(*reach, strikes)
        volatility = np.repeat(np.sqrt(slice_.total_variance(k) / years), 2)
        strike, is_call = np.repeat(forward * np.exp(k), 2), np.arange(2 * strikes) % 2 == 0
        terms = (is_call, SPOT, strike, years, RATE, 0.0)
        value, vega = (
            black_scholes.price(*terms, volatility),
            100 * black_scholes.greeks(*terms, volatility).vega,
        )
        parts.append(
            make_chain(
                strike,
                is_call,
                spot=SPOT,
                root=root,
                expiration=str(FIRST_DAY + int(day)),
                years=years,
                bid=value - half_spread * vega,
                ask=value + half_spread * vega,
                implied_volatility=volatility,
                forward=forward,
                rate=RATE,
            )
        )
    return joined(*parts)


def joined(*chains) -> OptionChain:
    """Return the contracts of several chains of one underlying as one."""
    columns = {name: np.concatenate([getattr(chain, name) for chain in chains]) for name in COLUMNS}
    return OptionChain(**columns, spot=chains[0].spot)


def without_quotes(chain, where) -> OptionChain:
    """Return the chain with no quote and no volatility where the mask is true."""
    return replace(
        chain,
        bid=np.where(where, np.nan, chain.bid),
        ask=np.where(where, np.nan, chain.ask),
        implied_volatility=np.where(where, np.nan, chain.implied_volatility),
    )
