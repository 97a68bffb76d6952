"""Sums of past trades by interval, as the stream would have sent them: a sample of its orders, scaled to its rate.

Contracts, kinds, sizes and sides are drawn as those of the stream; prices are those of Black's formula in the middle of
the interval, without spread and premium of early exercise. Whether a trade was unusual is not sampled.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats, generator
from simulator.market.listing import pick
from simulator.market.market import SyntheticMarket
from simulator.pricing.black import black_price
from simulator.stream.trade_orders import (
    BLOCK,
    COMPRESSION,
    EXTENDED,
    ISO_SWEEP,
    LATE,
    PACKAGE,
    SPLIT,
    STOCK_TIED,
    SWEEP,
    Fills,
    draw,
)
from simulator.stream.trade_pool import NORMAL, Pool, build_pool

INTERVAL_SECONDS = 900
_SAMPLE = 4000  # trades per interval, more than contracts of the pool are drawn at once
_SHARES = 100.0
_ANY_SECOND = 45  # of a minute in which all contracts trade
_WITHOUT_SIDE = (PACKAGE, STOCK_TIED, LATE, COMPRESSION, EXTENDED)


def flow_intervals(
    market: SyntheticMarket,
    date: dt.date,
    until: float,
    trades_per_second: int,
    smallest: int,
    large_premium: float,
) -> dict[str, Any]:
    """Return sums of the trades of one session by interval that ended by `until` (epoch seconds).

    The result has `ends` (epoch seconds) and for each symbol of the stream columns of that length. Single trades of
    fewer than `smallest` contracts are left out. `candidates` are the trades of sweeps and those above `large_premium`
    (dollars) whose side a quote can tell.
    """
    pool = build_pool(market, date)
    starts = np.arange(pool.opens, pool.closes, INTERVAL_SECONDS)
    rng = generator(market.seed, "past flow", date)
    fills = draw(rng, pool, _ANY_SECOND, _SAMPLE * len(starts))
    interval = fills.order % len(starts)
    ended = starts + INTERVAL_SECONDS <= until
    clustered = (fills.kind == SWEEP) | (fills.kind == SPLIT)
    rows = np.flatnonzero(((fills.size >= smallest) | clustered) & ended[interval])
    scale = trades_per_second * INTERVAL_SECONDS / _SAMPLE
    fills, interval = fills.pick(rows), interval[rows]
    columns: dict[str, Any] = {}
    for symbol, span in pool.spans.items():
        mine = np.flatnonzero((fills.contract >= span.start) & (fills.contract < span.stop))
        one = fills.pick(mine)
        seconds = starts[interval[mine]] + INTERVAL_SECONDS / 2
        premium = one.size * _SHARES * _prices(pool, symbol, one.contract, seconds)
        sums = _sums(pool, one, premium, large_premium)
        columns[symbol] = {
            name: np.rint(scale * np.bincount(interval[mine], weights, len(starts))[ended]).tolist()
            for name, weights in sums.items()
        }
    return {"ends": (starts + INTERVAL_SECONDS)[ended].tolist(), "symbols": columns}


def _prices(pool: Pool, symbol: str, rows: NDArray[np.intp], seconds: NDArray[Any]) -> Floats:
    terms = pool.terms[symbol].pick(rows - pool.spans[symbol].start)
    state = pool.market.state(symbol, pool.date, terms, seconds, pick(pool.listing, rows).root)
    known = (terms.is_call, state.forward, terms.strike, state.years, state.rate, state.volatility)
    return np.maximum(np.round(np.nan_to_num(black_price(*known)), 2), 0.01)


def _sums(pool: Pool, fills: Fills, premium: Floats, large_premium: float) -> dict[str, Floats]:
    """Return the weight of each trade in each sum."""
    is_call = pool.listing.is_call[fills.contract]
    can_have_side = ~np.isin(fills.kind, _WITHOUT_SIDE)
    is_sided = can_have_side & (pool.habit[fills.contract] == NORMAL)
    bullish = is_sided & ((fills.side > 0) == is_call)
    bearish = is_sided & ~bullish
    is_sweep = (fills.kind == SWEEP) | (fills.kind == ISO_SWEEP)
    # A sweep counts once: each of its trades counts for its share.
    legs = np.unique(fills.order, return_inverse=True, return_counts=True)
    sweep = is_sweep / legs[2][legs[1]]
    candidate = can_have_side & (is_sweep | (premium > large_premium))
    size = fills.size.astype(np.float64)
    weights = {
        "trades": np.ones(len(size)),
        "contracts": size,
        "call_contracts": size * is_call,
        "put_contracts": size * ~is_call,
        "premium": premium,
        "call_premium": premium * is_call,
        "put_premium": premium * ~is_call,
        "bullish_premium": premium * bullish,
        "bearish_premium": premium * bearish,
        "sweeps": sweep,
        "bullish_sweeps": sweep * bullish,
        "bearish_sweeps": sweep * bearish,
        "blocks": fills.kind == BLOCK,
        "stream_sided_trades": is_sided,
        "stream_sided_premium": premium * is_sided,
        "candidates": candidate,
        "stream_sided_candidates": candidate & is_sided,
    }
    return {name: np.asarray(column, dtype=np.float64) for name, column in weights.items()}
