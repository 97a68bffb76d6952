"""Sums of past trades by interval, as the stream would have sent them: a sample of its orders, scaled to its rate.

Contracts, kinds, sizes and sides are drawn as those of the stream; prices are those of Black's formula in the middle of
the interval, without spread and premium of early exercise. Whether a trade was unusual is not sampled.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats, generator
from simulator.market.listing import pick
from simulator.market.market import SyntheticMarket
from simulator.market.option_trades import previous_close
from simulator.market.volume_model import open_interest
from simulator.pricing.black import black_price
from simulator.stream.trade_orders import (
    BLOCK,
    COMPRESSION,
    EXTENDED,
    ISO_SWEEP,
    LARGE,
    LATE,
    PACKAGE,
    SPLIT,
    STOCK_TIED,
    SWEEP,
    THROUGH,
    Fills,
    draw,
)
from simulator.stream.trade_pool import NORMAL, Pool, build_pool
from simulator.universe.instruments import INSTRUMENTS

INTERVAL_SECONDS = 900
_SAMPLE = 2000  # trades per interval
_SHARES = 100.0
_DISTANCE_SCALE = 0.02  # fraction of spot at which open interest counts 1/e of its weight
_ANY_SECOND = 45  # of a minute in which all contracts trade
_WITHOUT_SIDE = (PACKAGE, STOCK_TIED, LATE, COMPRESSION, EXTENDED)


class Rules(NamedTuple):
    """How a warehouse watches the stream.

    It keeps single trades of at least `smallest` contracts. It subscribes to the quotes of `quoted` contracts, and
    requests up to `requests_per_second` quotes of other trades of sweeps and of more than `large_premium` dollars.
    """

    smallest: int = 1
    large_premium: float = float("inf")
    quoted: int = 1000
    requests_per_second: float = 0.0


def flow_intervals(
    market: SyntheticMarket, date: dt.date, until: float, trades_per_second: int, rules: Rules
) -> dict[str, Any]:
    """Return sums of the trades of one session by interval that ended by `until` (epoch seconds).

    The result has `ends` (epoch seconds) and for each symbol of the stream columns of that length.
    """
    pool = build_pool(market, date)
    starts = np.arange(pool.opens, pool.closes, INTERVAL_SECONDS)
    ended = starts + INTERVAL_SECONDS <= until
    fills = draw(generator(market.seed, "past flow", date), pool, _ANY_SECOND, _SAMPLE * len(starts))
    clustered = (fills.kind == SWEEP) | (fills.kind == SPLIT)
    fills = fills.pick(np.flatnonzero((fills.size >= rules.smallest) | clustered))
    interval = fills.order % len(starts)
    scale = trades_per_second * INTERVAL_SECONDS / _SAMPLE
    premium = fills.size * _SHARES * _prices(pool, fills, starts[interval] + INTERVAL_SECONDS / 2)
    requests = rules.requests_per_second * INTERVAL_SECONDS / scale
    weights = _weights(pool, fills, premium, interval, rules, requests)
    columns: dict[str, Any] = {}
    for symbol, span in pool.spans.items():
        mine = np.flatnonzero((fills.contract >= span.start) & (fills.contract < span.stop))
        columns[symbol] = {
            name: np.rint(scale * np.bincount(interval[mine], weight[mine], len(starts))[ended]).tolist()
            for name, weight in weights.items()
        }
    return {"ends": (starts + INTERVAL_SECONDS)[ended].tolist(), "symbols": columns}


def _prices(pool: Pool, fills: Fills, seconds: NDArray[Any]) -> Floats:
    prices = np.zeros(len(seconds))
    for symbol, span in pool.spans.items():
        mine = np.flatnonzero((fills.contract >= span.start) & (fills.contract < span.stop))
        rows = fills.contract[mine]
        terms = pool.terms[symbol].pick(rows - span.start)
        state = pool.market.state(symbol, pool.date, terms, seconds[mine], pick(pool.listing, rows).root)
        known = (terms.is_call, state.forward, terms.strike, state.years, state.rate, state.volatility)
        prices[mine] = np.maximum(np.round(np.nan_to_num(black_price(*known)), 2), 0.01)
    return prices


def _quoted(pool: Pool, count: int) -> NDArray[np.bool_]:
    """Return which contracts' quotes are subscribed: equally many of each symbol, by open interest near the money."""
    chosen = np.zeros(len(pool.weight), dtype=np.bool_)
    for symbol, span in pool.spans.items():
        contracts = pick(pool.listing, np.arange(span.start, span.stop))
        spot = previous_close(pool.market, symbol, pool.date, contracts)
        held = np.nan_to_num(open_interest(INSTRUMENTS[symbol], contracts, spot, pool.date))
        value = (1.0 + held) * np.exp(-np.abs(contracts.strike / spot - 1.0) / _DISTANCE_SCALE)
        best = np.argsort(-value, kind="stable")[: count // len(pool.spans)]
        chosen[span.start + best] = True
    return chosen


def _requested(
    wanted: NDArray[np.bool_], premium: Floats, interval: NDArray[np.int64], requests: float
) -> NDArray[np.bool_]:
    """Return the `wanted` trades whose quote is requested: those of the largest premium of each interval."""
    order = np.lexsort((-premium, ~wanted, interval))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(interval[order], interval[order])
    return np.asarray(wanted & (rank < requests))


def _weights(
    pool: Pool,
    fills: Fills,
    premium: Floats,
    interval: NDArray[np.int64],
    rules: Rules,
    requests: float,
) -> dict[str, Floats]:
    """Return the weight of each trade in each sum."""
    is_call = pool.listing.is_call[fills.contract]
    is_sweep = (fills.kind == SWEEP) | (fills.kind == ISO_SWEEP)
    can_have_side = ~np.isin(fills.kind, _WITHOUT_SIDE)
    candidate = can_have_side & (is_sweep | (premium > rules.large_premium))
    has_quote = can_have_side & (pool.habit[fills.contract] == NORMAL)
    streamed = has_quote & _quoted(pool, rules.quoted)[fills.contract]
    requested = _requested(has_quote & candidate & ~streamed, premium, interval, requests)
    is_sided = streamed | requested
    bullish = is_sided & ((fills.side > 0) == is_call)
    bearish = is_sided & ~bullish
    # A sweep counts once: each of its trades counts for its share.
    legs = np.unique(fills.order, return_inverse=True, return_counts=True)
    sweep = is_sweep / legs[2][legs[1]]
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
        "call_sweeps": sweep * is_call,
        "blocks": fills.kind == BLOCK,
        "big_premium": premium * (is_sweep | np.isin(fills.kind, (BLOCK, LARGE))),
        "aggressive_premium": premium * (is_sided & (fills.place == THROUGH)),
        "sweep_premium": premium * is_sweep,
        "sided_sweep_premium": premium * (is_sweep & is_sided),
        "bullish_sweep_premium": premium * (is_sweep & bullish),
        "bearish_sweep_premium": premium * (is_sweep & bearish),
        "stream_sided_trades": streamed,
        "rest_sided_trades": requested,
        "stream_sided_premium": premium * streamed,
        "rest_sided_premium": premium * requested,
        "candidates": candidate,
        "stream_sided_candidates": candidate & streamed,
        "rest_sided_candidates": requested,
    }
    return {name: np.asarray(column, dtype=np.float64) for name, column in weights.items()}
