"""Option trades of a backtest as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quant.chain import Bools, Floats
from warehouse.asof.rows import Texts, picked


@dataclass(frozen=True, slots=True)
class OptionColumns:
    """Option trades of outcomes, in the order of `backtest.columns.OutcomeColumns`; arrays of shape (n,).

    `pnl` is the profit after costs as a fraction of the premium, NaN where the option has no price; `modelled` marks
    trades of which at least one price is that of a model. `reason` says why there is no trade, '' where there is one.
    """

    pnl: Floats
    modelled: Bools
    reason: Texts

    def __len__(self) -> int:
        return len(self.pnl)

    def pick(self, rows: np.ndarray) -> OptionColumns:
        """Return the trades in a mask (n,) or a list of positions."""
        return picked(self, rows)

    @property
    def is_priced(self) -> Bools:
        """Which outcomes have an option trade."""
        return ~np.isnan(self.pnl)


def columns_of(rows: Sequence[Mapping[str, Any]]) -> OptionColumns:
    """Return rows of outcomes, or of their table, as columns."""
    pnl = [np.nan if row["option_pnl"] is None else row["option_pnl"] for row in rows]
    return OptionColumns(
        pnl=np.array(pnl, dtype=np.float64),
        modelled=np.array([bool(row["option_modelled"]) for row in rows], dtype=bool),
        reason=np.array([row["option_reason"] or "" for row in rows], dtype=np.str_),
    )
