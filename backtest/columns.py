"""Outcomes of a backtest as columns, one row per firing."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from warehouse.asof.rows import Texts, Times


@dataclass(frozen=True, slots=True)
class OutcomeColumns:
    """Outcomes of firings, ordered by `bar_end`; arrays of shape (n,). A missing number is NaN, a missing text ''.

    `direction` is 1 or -1. `session` is the date of the bar, `bar_end` its end and `entered_at` and `exited_at` the
    minutes of the fills, epoch ms, -1 without one. `end` is a name of `quant.market.outcome_kinds.ENDS` and `reason`
    one of its REASONS. Prices are dollars or index points on the share basis of the session. `pnl` is the profit after
    costs as a fraction of the entry and `r` as a multiple of the risk; NaN where the outcome has none. `score`,
    `confluence` and `iv_rank` run from 0 to 100. `regime`, `iv_regime`, `positioning` and `flow_alignment` are those
    known at the evaluation instant.
    """

    symbol: Texts
    detector: Texts
    direction: NDArray[np.int64]
    session: NDArray[np.datetime64]
    bar_end: Times
    entered_at: Times
    exited_at: Times
    disposition: Texts
    end: Texts
    reason: Texts
    entry: Floats
    exit: Floats
    stop: Floats
    target: Floats
    pnl: Floats
    r: Floats
    mfe: Floats
    mae: Floats
    entry_drag: Floats
    bars_held: NDArray[np.int64]
    ambiguous: Bools
    entry_before_signal: Bools
    score: Floats
    confluence: Floats
    iv_rank: Floats
    regime: Texts
    iv_regime: Texts
    positioning: Texts
    flow_alignment: Texts

    def __len__(self) -> int:
        return len(self.bar_end)

    def pick(self, rows: np.ndarray) -> OutcomeColumns:
        """Return the outcomes in a mask (n,) or a list of positions."""
        return OutcomeColumns(*(getattr(self, one.name)[rows] for one in fields(self)))

    @property
    def has_result(self) -> Bools:
        """Which outcomes have a profit or loss: those that were entered and ended with data."""
        return ~np.isnan(self.pnl)
