"""Which outcomes count in totals over several detectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from backtest.columns import OutcomeColumns
from quant.chain import Bools
from signals.detectors.registry import BY_NAME


def ending_of(detector: str) -> str:
    """Return how the outcome of a detector is measured: session, pin or iv_change; session for an unknown one."""
    found = BY_NAME.get(detector)
    return found.rule.ending if found else "session"


def is_of_profits(detector: str) -> bool:
    """Return whether the outcomes of a detector are profits."""
    return ending_of(detector) == "session"


def of_profits(outcomes: OutcomeColumns) -> Bools:
    """Return which outcomes are those of detectors whose outcomes are profits, shape (n,)."""
    return np.array([is_of_profits(name) for name in outcomes.detector.tolist()], dtype=bool)


def counted_once(outcomes: OutcomeColumns) -> Bools:
    """Return which outcomes count in totals over detectors, shape (n,).

    Several detectors of one family may fire on one bar of a symbol in one direction, such as the mean reversions of
    stocks and of indices on SPY. Their outcomes are nearly the same trade, so that the one of the lowest number counts,
    once per disposition. Outcomes of another kind, a pin or a change of volatility, are no profits and never count.
    """
    first: dict[tuple[Any, ...], int] = {}
    numbers = [BY_NAME[name].number for name in outcomes.detector.tolist()]
    families = [BY_NAME[name].family for name in outcomes.detector.tolist()]
    is_profit = of_profits(outcomes)
    keys = zip(
        outcomes.symbol.tolist(),
        outcomes.bar_end.tolist(),
        outcomes.direction.tolist(),
        outcomes.disposition.tolist(),
        families,
        strict=True,
    )
    for row, key in enumerate(keys):
        if not is_profit[row]:
            continue
        if numbers[row] < numbers[first.setdefault(key, row)]:
            first[key] = row
    counted = np.zeros(len(outcomes), dtype=bool)
    counted[list(first.values())] = True
    return counted
