"""Orders of one second: contract, kind, side, time, size and the trades that fill each order, without prices.

An order is filled by one trade or several: a sweep trades on several exchanges, a split on one exchange, both within
three milliseconds. Every contract trades in one half of each second, with at most one order per second while there are
enough contracts. Two orders of a contract therefore start more than half a second apart and cannot be mistaken for one.
Where the rate is too high for that, `alone` is false. While every order is alone, a contract has about 70 and at most
100 trades a minute, and independent trades at that rate are within three milliseconds of each other in less than 1 % of
the cases.

Simplified: an order with the condition of an intermarket sweep (`iso_sweep`) is one trade, the part that one exchange
reports. SPX has such orders too, although its options trade on one exchange, because recorded trades of SPX have this
condition; it has no sweeps of several trades. A sweep of several trades has no condition of a sweep, and an order does
not trade at several prices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.stream.trade_pool import NORMAL, RARELY_QUOTED, Pool

KINDS = (
    "regular",
    "large",
    "block",
    "iso_sweep",
    "sweep",
    "split",
    "package",
    "stock_tied",
    "late",
    "compression",
    "extended",
    "cancel",
)
REGULAR, LARGE, BLOCK, ISO_SWEEP, SWEEP, SPLIT, PACKAGE, STOCK_TIED, LATE, COMPRESSION, EXTENDED, CANCEL = (
    range(len(KINDS))
)
AT_QUOTE, THROUGH, INSIDE, MIDDLE = range(4)

_SHARES = np.cumsum([0.700, 0.035, 0.008, 0.060, 0.045, 0.030, 0.090, 0.010, 0.012, 0.004, 0.006])
_PLACE_SHARES = np.cumsum([0.66, 0.10, 0.14, 0.10])
_CONDITIONS = {
    REGULAR: (209, 209, 209, 209, 209, 227, 231, 0),
    LARGE: (209, 227),
    BLOCK: (209, 229, 231),
    ISO_SWEEP: (219, 219, 219, 228, 230),
    SWEEP: (209,),
    SPLIT: (209,),
    PACKAGE: (232, 232, 233, 234, 235, 236, 238, 239),
    STOCK_TIED: (237, 240, 241, 242, 243, 244, 245),
    LATE: (202, 204),
    COMPRESSION: (247,),
    EXTENDED: (248,),
}
_FILLED_SECOND = 0.4
_HALF, _EARLIEST, _LONGEST_MS, _MOST_LEGS = 500, 20, 3, 5

Integers = NDArray[np.int64]


class Fills(NamedTuple):
    """Trades of one second, grouped by order.

    `ms` is relative to the start of the second. `quoted_ms` is the time of the contract's quote, which is always
    earlier. `place` is the position of the price relative to the quote. A `condition` of 0 means none.
    """

    order: Integers
    contract: NDArray[np.intp]
    kind: Integers
    side: Integers
    place: Integers
    ms: Integers
    quoted_ms: Integers
    size: Integers
    exchange: Integers
    condition: Integers
    alone: NDArray[np.bool_]

    def pick(self, rows: NDArray[np.intp]) -> Fills:
        """Return chosen trades."""
        columns: list[Any] = [column[rows] for column in self]
        return Fills(*columns)


def draw(rng: np.random.Generator, pool: Pool, second: int, trades: int) -> Fills:
    """Return the given number of trades, grouped by order."""
    contract = _contracts(rng, pool, second, trades)
    kind = np.minimum(np.searchsorted(_SHARES, rng.random(trades)), EXTENDED)
    clustered = (kind == SWEEP) | (kind == SPLIT)
    kind[(pool.venue_count[contract] == 1) & (kind == SWEEP)] = SPLIT
    # The trades of every sweep and split have a quote, which shows that they have one side.
    kind[clustered & (pool.habit[contract] != NORMAL)] = REGULAR
    clustered = (kind == SWEEP) | (kind == SPLIT)
    legs = np.where(clustered, rng.integers(2, _MOST_LEGS + 1, trades), 1)
    whole = int(np.searchsorted(np.cumsum(legs), trades, side="right"))
    # The order that exceeds the number is dropped and replaced by single trades.
    singles = trades - int(legs[:whole].sum())
    legs[whole : whole + singles] = 1
    kind[whole : whole + singles] = REGULAR
    used = whole + singles
    return _fill(rng, pool, contract[:used], kind[:used], legs[:used])


def _contracts(rng: np.random.Generator, pool: Pool, second: int, count: int) -> NDArray[np.intp]:
    """Return contracts drawn by weight, without repetition while possible; rarely quoted ones after second 30 only."""
    resting = (pool.habit == RARELY_QUOTED) & (second % 60 < 30)
    weight = np.where(resting, -np.inf, pool.weight)
    if count <= _FILLED_SECOND * len(weight):
        # The largest values of log weight + Gumbel noise are a weighted draw without replacement (Vieira 2014).
        noisy = weight + rng.gumbel(size=len(weight))
        return np.asarray(np.argsort(-noisy, kind="stable")[:count], dtype=np.intp)
    share = np.cumsum(np.exp(weight - weight.max()))
    return np.asarray(np.searchsorted(share, rng.random(count) * share[-1], side="right"), dtype=np.intp)


def _fill(
    rng: np.random.Generator, pool: Pool, contract: NDArray[np.intp], kind: Integers, legs: Integers
) -> Fills:
    orders, order = len(contract), np.repeat(np.arange(len(contract)), legs)
    count = len(order)
    first = np.cumsum(legs) - legs
    leg = np.arange(count) - first[order]
    # Delay of a leg after its order's first trade: the sum of the gaps so far, each 0 or 1 ms.
    gap = np.where(leg == 0, 0, rng.integers(0, 2, count))
    run = np.cumsum(gap)
    delay = np.minimum(run - run[first][order], _LONGEST_MS)
    span = delay[first + legs - 1]
    start = rng.integers(_EARLIEST, _HALF - span)
    earliest = np.full(len(pool.weight), _HALF)
    np.minimum.at(earliest, contract, start)
    quoted = (rng.random(len(pool.weight)) * earliest).astype(np.int64)
    half = np.where(pool.late_half[contract], _HALF, 0)
    seen = np.bincount(contract, minlength=len(pool.weight))
    place = np.minimum(np.searchsorted(_PLACE_SHARES, rng.random(orders)), MIDDLE)
    return Fills(
        order=order,
        contract=contract[order],
        kind=kind[order],
        side=rng.choice(np.array([-1, 1]), orders)[order],
        place=place[order],
        ms=(half + start)[order] + delay,
        quoted_ms=(half + quoted[contract])[order],
        size=_sizes(rng, kind[order]),
        exchange=_exchanges(rng, pool, contract, kind)[order, leg],
        condition=_conditions(rng, kind)[order],
        alone=(seen[contract] == 1)[order],
    )


def _sizes(rng: np.random.Generator, kind: Integers) -> Integers:
    size = np.minimum(rng.geometric(1 / 6, len(kind)), 30)
    # The part of a sweep on one exchange is larger than an ordinary trade.
    size = np.where(kind == ISO_SWEEP, rng.integers(10, 50, len(kind)), size)
    size = np.where(kind == LARGE, rng.integers(60, 80, len(kind)), size)
    size = np.where((kind == BLOCK) | (kind == COMPRESSION), rng.integers(500, 1500, len(kind)), size)
    # Any two trades of a sweep or split have at least ten contracts, the minimum for its detection.
    return np.where((kind == SWEEP) | (kind == SPLIT), rng.integers(5, 25, len(kind)), size)


def _exchanges(rng: np.random.Generator, pool: Pool, contract: NDArray[np.intp], kind: Integers) -> Integers:
    """Return the exchange of each leg, shape (orders, 5): in turn those of the contract for sweeps, else one."""
    count = pool.venue_count[contract][:, None]
    base = (rng.random(len(kind))[:, None] * count).astype(np.intp)
    steps = np.where((kind == SWEEP)[:, None], np.arange(_MOST_LEGS), 0)
    exchange: Integers = pool.venues[contract[:, None], (base + steps) % count]
    return exchange


def _conditions(rng: np.random.Generator, kind: Integers) -> Integers:
    draw, condition = rng.random(len(kind)), np.zeros(len(kind), dtype=np.int64)
    for one, choices in _CONDITIONS.items():
        rows = kind == one
        condition[rows] = np.array(choices)[(draw[rows] * len(choices)).astype(np.intp)]
    return condition
