"""Bid and ask on the exchange's tick grid. The true price is always between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats, Keys, pair, uniforms
from simulator.universe.option_rules import OptionRules

_TICK_CHANGES_AT = 3.0


class Quotes(NamedTuple):
    """Prices in dollars (a bid of 0 means no bid), sizes in contracts."""

    bid: Floats
    ask: Floats
    bid_size: NDArray[np.int64]
    ask_size: NDArray[np.int64]


def tick_size(rules: OptionRules, price: Floats) -> Floats:
    """Return the quoting increment at a price."""
    return np.where(price < _TICK_CHANGES_AT, *rules.ticks)


def quote(
    rules: OptionRules, keys: Keys, minute: NDArray[np.int64], value: Floats, spot: Floats, years: Floats
) -> Quotes:
    """Return the quotes of contracts in a minute (epoch minutes, one per contract), given their true prices.

    The spread grows with price, time to expiration and depth in the money, and varies slightly between minutes.
    """
    contract_minute = pair(keys, minute)
    tick = tick_size(rules, value)
    width = uniforms(contract_minute, "width")
    half = tick * (0.5 + 0.7 * width) + value * (0.004 + 0.008 * width)
    half += 3e-5 * spot * np.sqrt(np.maximum(years, 0.0))
    # Quotes are skewed: the midpoint is rarely the fair value.
    lean = 0.6 * (uniforms(contract_minute, "lean") - 0.5)
    low, high = value - half * (1 + lean), value + half * (1 - lean)
    bid = np.floor(low / tick + 1e-9) * tick
    ask = np.maximum(np.ceil(high / tick - 1e-9), 1.0) * tick
    bid_size = 1 + (120 * uniforms(contract_minute, "bid size") ** 3).astype(np.int64)
    ask_size = 1 + (120 * uniforms(contract_minute, "ask size") ** 3).astype(np.int64)
    bid = np.asarray(np.round(np.maximum(bid, 0.0), 2), dtype=np.float64)
    return Quotes(
        bid, np.asarray(np.round(ask, 2), dtype=np.float64), np.where(bid > 0, bid_size, 0), ask_size
    )
