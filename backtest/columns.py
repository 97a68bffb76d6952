"""Outcomes of a backtest as columns, one row per firing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from warehouse.asof.rows import Texts, Times, picked

# The order of stored outcomes. The rows of a symbol are stored at once, in an order of their own, so that it does not
# depend on which symbol was stored first; without it the last digits of sums would differ between equal backtests.
IN_ORDER = ("bar_end", "symbol", "id")


@dataclass(frozen=True, slots=True)
class OutcomeColumns:
    """Outcomes of firings, ordered by `bar_end`; arrays of shape (n,). A missing number is NaN, a missing text ''.

    `direction` is 1 or -1. `session` is the date of the bar, `bar_end` its end and `entered_at` and `exited_at` the
    minutes of the fills, epoch ms, -1 without one. `end` is a name of `quant.market.outcome_kinds.ENDS`, `reason`
    a text such as its REASONS. Prices are dollars or index points on the share basis of the session. `pnl` is the
    profit after costs as a fraction of the entry and `r` as a multiple of the risk; NaN where the outcome has none.
    `predicted` and `actual` are changes of volatility in points. `score` and `confluence` run from 0 to 100, `iv_rank`
    from 0 to 1. `regime`, `iv_regime`, `positioning` and `flow_alignment` are those known at the evaluation instant.
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
    predicted: Floats
    actual: Floats
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
        return picked(self, rows)

    @property
    def has_result(self) -> Bools:
        """Which outcomes have a profit or loss: those that were entered and ended with data.

        A pin has no stop and so no multiple of the risk: the change of its price is no profit of the detector.
        """
        return ~np.isnan(self.pnl) & ~np.isnan(self.r)


_KINDS: Mapping[str, Any] = {"Texts": np.str_, "Floats": float, "Bools": bool, "Times": np.int64}
_NAMES = {"score": "final_score", "regime": "market_regime"}


def columns_of(rows: Sequence[Mapping[str, Any]]) -> OutcomeColumns:
    """Return rows of outcomes (`backtest.simulation.rows`, or those of the table) as columns, in their order."""
    found: dict[str, Any] = {}
    for one in fields(OutcomeColumns):
        values = [row[_NAMES.get(one.name, one.name)] for row in rows]
        if one.name == "direction":
            found[one.name] = np.array([1 if value == "LONG" else -1 for value in values], dtype=np.int64)
        elif one.name == "session":
            found[one.name] = np.array(values, dtype="datetime64[D]")
        else:
            kind = _KINDS.get(str(one.type), np.int64)
            missing: Any = {np.str_: "", float: np.nan}.get(kind, -1)
            found[one.name] = np.array([missing if value is None else value for value in values], dtype=kind)
    return OutcomeColumns(**found)
