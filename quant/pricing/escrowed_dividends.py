"""Cash dividends in the escrowed model: what of the spot does not diffuse, and on which dates exercise is possible.

The spot is the sum of a lognormal part and the present value of the dividends that go ex until settlement. The present
value grows with the drift of the underlying, rate - borrow. Source: the model Escrowed of QuantLib's
FdBlackScholesVanillaEngine (EscrowedDividendAdjustment, FdmEscrowedLogInnerValueCalculator).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quant.chain import Bools, Floats

# Two times nearer than this, in years, are the same: 0.03 seconds.
SAME_TIME = 1e-9


@dataclass(frozen=True)
class CashDividends:
    """Dividends from now until one settlement, arrays of shape (d,): years from now in ascending order, and dollars."""

    years: Floats
    cash: Floats

    @classmethod
    def until(cls, settlement: float, dividends: Sequence[tuple[float, float]]) -> CashDividends:
        """Return the dividends with 0 <= years <= ``settlement``, both ends included as in QuantLib.

        Raises ValueError for a number that is not finite, and for negative cash.
        """
        if not all(np.isfinite(time) and np.isfinite(cash) and cash >= 0.0 for time, cash in dividends):
            raise ValueError("dividends must be pairs of finite years and non-negative dollars")
        due = sorted(
            pair for pair in dividends if -SAME_TIME <= pair[0] <= settlement + SAME_TIME and pair[1] != 0
        )
        table = np.array(due, dtype=np.float64).reshape(-1, 2)
        return cls(np.clip(table[:, 0], 0.0, settlement), table[:, 1])

    def unpaid(self, at: Floats, carry: Floats, include_now: Bools) -> Floats:
        """Return the values at times ``at`` (t,) of the dividends after them, shape (t, n), dollars per share.

        ``carry`` is rate - borrow. Where ``include_now`` is true, dividends at the time itself are still to be paid.
        """
        present = self.cash[:, None] * np.exp(-carry * self.years[:, None])
        wait = self.years - at[:, None]
        later, due = (wait > SAME_TIME) @ present, (wait > -SAME_TIME) @ present
        return np.where(include_now, due, later) * np.exp(carry * at[:, None])

    def unpaid_by_rate(self, carry: Floats) -> Floats:
        """Return the derivative of the value now of all dividends by the rate, shape (n,), dollars per 1.00."""
        wait = self.years[:, None]
        derivative: Floats = np.sum(-wait * self.cash[:, None] * np.exp(-carry * wait), axis=0)
        return derivative
