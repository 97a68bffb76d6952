"""Quoted chains of American and European options with known rate, borrow, dividends and volatility."""

from __future__ import annotations

import numpy as np

from quant.chain import OptionChain
from quant.pricing import american, black_scholes
from tests.quant.chains import make_chain

SPOT = 100.0


def smile(strike, years):
    """Return the volatility of each strike: 25 % at spot, higher below, flatter with time."""
    moneyness = np.log(np.asarray(strike) / SPOT)
    return 0.25 - 0.2 * moneyness / np.sqrt(1.0 + np.asarray(years)) + 0.3 * moneyness**2


def american_chain(days, *, rate, borrow, dividends=(), half_spread=0.01, root="XYZ") -> OptionChain:
    """Return a call and a put at strikes 70 to 130 for settlements in `days`, quoted around their American value.

    `rate` and `borrow` are one number, or one per settlement.
    """
    strike = np.tile(np.repeat(np.arange(70.0, 131.0, 2.5), 2), len(days))
    per_settlement = len(strike) // len(days)
    years = np.repeat(np.asarray(days) / 365.0, per_settlement)
    rates, borrows = (
        np.repeat(np.broadcast_to(x, len(days)), per_settlement).astype(float) for x in (rate, borrow)
    )
    is_call = np.tile([True, False], len(strike) // 2)
    value = american.price(is_call, SPOT, strike, years, rates, borrows, smile(strike, years), dividends)
    return quoted(strike, is_call, years, value, half_spread, root)


def european_chain(days, *, rate, dividend_yield, spot=SPOT, half_spread=0.01, root="XYZ") -> OptionChain:
    """Return the same for European options with a continuous dividend yield; `spot` is the one that is reported."""
    strike = np.tile(np.repeat(np.arange(70.0, 131.0, 2.5), 2), len(days))
    years = np.repeat(np.asarray(days) / 365.0, len(strike) // len(days))
    is_call = np.tile([True, False], len(strike) // 2)
    value = black_scholes.price(is_call, SPOT, strike, years, rate, dividend_yield, smile(strike, years))
    return quoted(strike, is_call, years, value, half_spread, root, spot)


def quoted(strike, is_call, years, value, half_spread, root, spot=SPOT) -> OptionChain:
    return make_chain(
        strike,
        is_call,
        spot=spot,
        root=root,
        years=years,
        bid=np.maximum(value - half_spread, 0.0),
        ask=value + half_spread,
        implied_volatility=np.nan,
    )
