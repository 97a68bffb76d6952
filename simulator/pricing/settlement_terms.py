"""Rate, borrow and dividends of one settlement during one session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.sessions import SECONDS_PER_YEAR
from simulator.market.keyed_random import Floats


@dataclass(frozen=True)
class SettlementTerms:
    """What an option of one settlement depends on besides spot, strike and volatility; constant in the session.

    Times are epoch seconds. `rate` is the continuous zero rate from the open to settlement, for discounting and drift;
    dividends are discounted with it too. `dividends` are pairs (ex-time, dollars), ascending, of those that go ex
    after the open and before settlement. `spot` is the level at which tables are centred, and `volatilities` the least
    and the largest at which they are read.
    """

    opens: float
    closes: float
    settles: float
    rate: float
    borrow: float
    dividends: tuple[tuple[float, float], ...]
    spot: float
    volatilities: tuple[float, float]

    def years(self, seconds: float) -> float:
        """Return the years from an instant to settlement, at least one second."""
        return max(self.settles - seconds, 1.0) / SECONDS_PER_YEAR

    def ex_years(self, seconds: float) -> Floats:
        """Return the years from an instant to each dividend."""
        return (np.array([when for when, _ in self.dividends]) - seconds) / SECONDS_PER_YEAR

    def present_values(self, seconds: float) -> Floats:
        """Return the present value of each dividend in dollars, discounted at rate minus borrow."""
        amounts = np.array([amount for _, amount in self.dividends])
        return amounts * np.exp(-(self.rate - self.borrow) * self.ex_years(seconds))
