"""Equity of an account that risks a fixed fraction of itself in each trade."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from backtest.columns import OutcomeColumns
from backtest.report.returns import Dates, session_rows
from quant.chain import Bools, Floats

START = 10_000.0  # dollars
RISK = 0.01  # of the equity in each trade
MOST_TRADES = 10  # at the same time


@dataclass(frozen=True, slots=True)
class Equity:
    """`equity` in dollars at the end of each session, shape (d,), and which outcomes were `taken`, shape (n,).

    An outcome without R is not taken, and neither is one that comes while the account holds its most trades.
    """

    session: Dates
    equity: Floats
    taken: Bools

    @property
    def returns(self) -> Floats:
        """Return of each session as a fraction, shape (d,)."""
        before = np.concatenate(([START], self.equity[:-1])) if len(self.equity) else self.equity
        return self.equity / before - 1

    @property
    def drawdown(self) -> Floats:
        """The fraction by which the equity is below its highest value so far, at or above 0, shape (d,)."""
        highest = np.maximum(np.maximum.accumulate(self.equity), START) if len(self.equity) else self.equity
        return 1 - self.equity / highest


def simulate(
    outcomes: OutcomeColumns, sessions: Dates, *, risk: float = RISK, most_trades: int = MOST_TRADES
) -> Equity:
    """Return the equity of an account that starts with $10,000.

    Each trade risks the fraction `risk` of the equity realised at its entry, and adds that times R at its exit. An exit
    comes before an entry of the same minute; of entries of the same minute the earlier row comes first. `sessions` as
    in `backtest.report.summary.summarise`. Raises ValueError for a risk outside 0 to 1 or no trade at a time.
    """
    if not 0 < risk <= 1 or most_trades < 1:
        raise ValueError(
            f"the risk must be above 0 and at most 1, with at least 1 trade: {risk}, {most_trades}"
        )
    rows = session_rows(outcomes, sessions)
    entered = np.where(outcomes.entered_at < 0, outcomes.bar_end, outcomes.entered_at)
    exited = np.maximum(outcomes.exited_at, entered)
    taken = np.zeros(len(outcomes), dtype=bool)
    added = np.zeros(len(sessions))
    equity, running = START, list[tuple[int, int, float]]()
    for row in _in_order(outcomes, entered):
        equity = _close(running, entered[row], equity, added, rows)
        if len(running) < most_trades and equity > 0:
            taken[row] = True
            heapq.heappush(running, (int(exited[row]), int(row), equity * risk * float(outcomes.r[row])))
    _close(running, np.iinfo(np.int64).max, equity, added, rows)
    return Equity(sessions, START + np.cumsum(added), taken)


def _in_order(outcomes: OutcomeColumns, entered: np.ndarray) -> list[int]:
    with_risk = np.flatnonzero(~np.isnan(outcomes.r))
    found: list[int] = with_risk[np.argsort(entered[with_risk], kind="stable")].tolist()
    return found


def _close(
    running: list[tuple[int, int, float]], until: int, equity: float, added: Floats, rows: np.ndarray
) -> float:
    """Close the trades that end up to an instant and return the equity after them."""
    while running and running[0][0] <= until:
        _, row, profit = heapq.heappop(running)
        equity += profit
        added[rows[row]] += profit
    return equity
