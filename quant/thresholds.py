"""Every enum cut-off of the warehouse: one frozen table per enum, in the profiles that differ.

Intervals are closed below and open above: a value equal to a cut belongs to the class above it.
Profile "default" is the field's usage, "documented" the older wording of the project's documents;
a table without a "documented" twin is the same in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Profile = Literal["default", "documented"]


@dataclass(frozen=True, slots=True)
class CutTable:
    """Ascending cuts and the labels between them: `labels[i]` holds cuts[i-1] <= x < cuts[i]."""

    name: str
    labels: tuple[str, ...]
    cuts: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.cuts) + 1:
            raise ValueError(f"{self.name}: {len(self.cuts)} cuts need {len(self.cuts) + 1} labels")
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError(f"{self.name}: the cuts must ascend")

    def codes(self, values: ArrayLike) -> NDArray[np.int8]:
        """Return the class index of each value, -1 for NaN; any shape."""
        array = np.asarray(values, dtype=np.float64)
        codes = np.searchsorted(np.asarray(self.cuts), array, side="right").astype(np.int8)
        return np.where(np.isnan(array), np.int8(-1), codes)

    def label(self, value: float | None) -> str | None:
        """Return the label of one value, None when it is None or NaN."""
        if value is None or np.isnan(value):
            return None
        return self.labels[int(self.codes(value))]


def apply(table: CutTable, values: ArrayLike) -> NDArray[Any]:
    """Return the labels of `values` as an object array of the same shape, None where a value is NaN."""
    return np.array([*table.labels, None], dtype=object)[table.codes(values)]


# Dealer gamma. Both read |net / gross|, so that SPX and a small stock share one scale.
POSITIONING_NEUTRAL_BELOW = 0.10
POSITIONING_STRENGTH = CutTable(
    "positioning_strength", ("WEAK", "MODERATE", "STRONG", "EXTREME"), (0.25, 0.50, 0.75)
)
# Expected behavior: distances as a fraction of spot, gross as a fraction of its 20-session median.
VOLATILE_VIX = 20.0
PINNING_DISTANCE = 0.005
PINNING_DISTANCE_NEAR_EXPIRY = 0.01
PINNING_NEAR_EXPIRY_SHARE = 0.40
THIN_GROSS = 0.50
# Walls and flips are looked for within this fraction of spot.
LEVEL_BAND = 0.20


@dataclass(frozen=True, slots=True)
class TradeRules:
    """What makes a print large, a block, part of a sweep, aggressive; sizes in contracts, times in ms."""

    block_size: float = 500.0
    block_multiple: float = 5.0  # of the running average size
    large_multiple: float = 2.0
    average_size: float = 100.0  # where no running average is known
    aggressive_spread: float = 0.10  # beyond the quote by more than this part of the spread
    cluster_window_ms: int = 500  # from the first print of a cluster, not from the previous one
    cluster_size: float = 10.0  # contracts of a cluster together
    quote_age_ms: float = 5_000.0  # an older quote says nothing
    unusual_size: float = 100.0  # of a print in a contract whose day's volume exceeds its open interest
    # "documented" takes document 4 to the letter: words as conditions, strictly outside the quote, no
    # clusters, no SPLIT, every quote good.
    literal: bool = False


TRADE_RULES: dict[Profile, TradeRules] = {
    "default": TradeRules(),
    "documented": TradeRules(literal=True),
}
