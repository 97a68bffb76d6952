"""Unusual sweeps among the prints of a batch, each as a whole: what an alert tells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from flow.checks import Checked
from flow.store import UNUSUAL_SWEEP_PREMIUM
from quant.trade_classification import Classification


@dataclass(frozen=True, slots=True)
class Sweep:
    """One order swept over exchanges, or one print that says so by its condition; named as a row's columns are."""

    symbol: str
    contract_ticker: str
    trade_type: str
    sentiment: str  # of its first print
    premium: Decimal  # dollars, of all its prints
    size: int  # contracts, of all its prints
    timestamp: int  # of its first print, epoch ms


def unusual_sweeps(checked: Checked, found: Classification, symbols: NDArray[np.str_]) -> tuple[Sweep, ...]:
    """Sweeps of more than 100,000 dollars; `symbols` (contracts,) are underlyings."""
    rows = np.flatnonzero(found.is_sweep)
    first = np.where(found.sweep_first[rows] >= 0, found.sweep_first[rows], rows)
    count = len(checked.good)
    premium = np.bincount(first, found.premium[rows], minlength=count)
    size = np.bincount(first, checked.good.size[rows].astype(np.float64), minlength=count)
    return tuple(
        Sweep(
            symbol=str(symbols[checked.code[row]]),
            contract_ticker=checked.good.contract_ticker[row].decode(),
            trade_type=str(found.trade_type[row]),
            sentiment=str(found.sentiment[row]),
            premium=Decimal(f"{premium[row]:.2f}"),
            size=int(size[row]),
            timestamp=int(checked.good.timestamp_ms[row]),
        )
        for row in np.flatnonzero(premium > UNUSUAL_SWEEP_PREMIUM).tolist()
    )
