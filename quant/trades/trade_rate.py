"""Rate of each contract's trades, which decides how close together trades must be to form a cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats


def trade_rates(
    contract: NDArray[np.int64],
    timestamp: NDArray[np.int64],
    sequence: NDArray[np.int64],
    counted: Bools,
    period_ms: int,
    observed_from_ms: NDArray[np.int64] | int | None = None,
) -> Floats:
    """Return the trades per ms of each trade's contract over the period before it, this trade included, shape (n,).

    `timestamp` is epoch ms. Only trades marked by `counted` count; every trade has a rate of at least one trade per
    period. `observed_from_ms` is the time from which all trades are given, one for all or one per trade (n,); a trade
    soon after it is rated over the shorter time since then. Without it, the time of a contract counts from its first
    trade.
    """
    order = np.lexsort((sequence, timestamp, contract))
    time, number = timestamp[order], np.unique(contract[order], return_inverse=True)[1]
    stride = np.ptp(timestamp) + period_ms + 1 if len(time) else 1
    place = number * stride + time - (time.min() if len(time) else 0)  # ascending; contracts do not overlap
    first = np.searchsorted(number, number)
    since = time[first] if observed_from_ms is None else np.broadcast_to(observed_from_ms, len(time))[order]
    counting = np.cumsum(counted[order])
    before = np.searchsorted(place, place - np.clip(time - since + 1, 1, period_ms), side="right")
    trades = np.maximum(counting - np.append(0, counting)[before], 1)
    elapsed = np.clip(time - since, 1, period_ms)
    if observed_from_ms is None:
        elapsed = np.where(trades > 1, elapsed, period_ms)
    rates = np.empty(len(time))
    rates[order] = trades / elapsed
    return rates
