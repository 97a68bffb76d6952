"""Unusual sweeps among the trades of a batch, one record per sweep, for alerts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from flow.storing.checks import Checked
from flow.storing.store import UNUSUAL_SWEEP_PREMIUM
from quant.trades.classification import Classification


@dataclass(frozen=True, slots=True)
class Sweep:
    """One order swept over exchanges, or one trade with a sweep condition; fields are named like the columns."""

    symbol: str
    contract_ticker: str
    trade_type: str
    sentiment: str  # of its first trade
    premium: Decimal  # dollars, over all its trades
    size: int  # contracts, over all its trades
    timestamp: int  # of its first trade, epoch ms


def unusual_sweeps(checked: Checked, classes: Classification, symbols: NDArray[np.str_]) -> tuple[Sweep, ...]:
    """Return the sweeps above 100,000 dollars, none of an unknown premium; `symbols` (contracts,) are underlyings."""
    rows = np.flatnonzero(classes.is_sweep)
    first = np.where(classes.sweep_first[rows] >= 0, classes.sweep_first[rows], rows)
    count = len(checked.good)
    premium = np.bincount(first, classes.premium[rows], minlength=count)
    size = np.bincount(first, checked.good.size[rows].astype(np.float64), minlength=count)
    return tuple(
        Sweep(
            symbol=str(symbols[checked.code[row]]),
            contract_ticker=checked.good.contract_ticker[row].decode(),
            trade_type=str(classes.trade_type[row]),
            sentiment=str(classes.sentiment[row]),
            premium=Decimal(f"{premium[row]:.2f}"),
            size=int(size[row]),
            timestamp=int(checked.good.timestamp_ms[row]),
        )
        for row in np.flatnonzero(premium > UNUSUAL_SWEEP_PREMIUM).tolist()
    )
