"""Which outcomes count in totals over several detectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from backtest.columns import OutcomeColumns
from quant.chain import Bools
from signals.detectors.registry import BY_NAME


def counted_once(outcomes: OutcomeColumns) -> Bools:
    """Return which outcomes count in totals over detectors, shape (n,).

    Several detectors of one family may fire on one bar of a symbol in one direction, such as the mean reversions of
    stocks and of indices on SPY. Their outcomes are nearly the same trade, so that the one of the lowest number counts,
    once per disposition.
    """
    first: dict[tuple[Any, ...], int] = {}
    numbers = [BY_NAME[name].number for name in outcomes.detector.tolist()]
    families = [BY_NAME[name].family for name in outcomes.detector.tolist()]
    keys = zip(
        outcomes.symbol.tolist(),
        outcomes.bar_end.tolist(),
        outcomes.direction.tolist(),
        outcomes.disposition.tolist(),
        families,
        strict=True,
    )
    for row, key in enumerate(keys):
        if numbers[row] < numbers[first.setdefault(key, row)]:
            first[key] = row
    counted = np.zeros(len(outcomes), dtype=bool)
    counted[list(first.values())] = True
    return counted
