"""The largest loss from a peak of the sum of R."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from backtest.report.returns import Dates
from quant.chain import Floats

ROUNDING = 1e-9  # of R, below which a sum equals its peak


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The largest drawdown in R, and the sessions from its first loss to the one that reached the peak again.

    An open drawdown has not reached its peak again; it ends at the last session. `first` and `last` are None if the sum
    never fell.
    """

    depth: float
    first: date | None
    last: date | None
    is_open: bool


def drawdown(r: Floats, ended: Dates, last_session: np.datetime64) -> Drawdown:
    """Return the largest drawdown of outcomes in the order of their ends.

    `r` are multiples of the risk and `ended` the sessions of the ends, both of shape (n,). The sum starts at zero, so
    losses before the first profit are a drawdown.
    """
    total = np.concatenate(([0.0], np.cumsum(r)))
    below = np.maximum.accumulate(total) - total
    lowest = int(below.argmax())
    if below[lowest] <= ROUNDING:
        return Drawdown(0.0, None, None, False)
    at_peak = below <= ROUNDING
    start = int(np.flatnonzero(at_peak[:lowest])[-1])
    regained = np.flatnonzero(at_peak[lowest:])
    is_open = len(regained) == 0
    # Position i of the sum is the outcome i - 1.
    end = last_session if is_open else ended[lowest + int(regained[0]) - 1]
    return Drawdown(float(below[lowest]), _date(ended[start]), _date(end), is_open)


def _date(day: np.datetime64) -> date:
    found: date = day.astype("datetime64[D]").item()
    return found
