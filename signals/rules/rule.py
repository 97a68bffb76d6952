"""What a detector declares: its conditions, blocks and factors for rising prices, and where it applies.

The same declaration on the mirror image of the features is the detector's short twin. Each condition and factor states
the features that it needs, so that a missing or stale one is reported by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from quant.chain import Floats
from signals.features.record import BarLength, Features

Family = Literal["breakout", "reversion", "trend", "gamma", "opening", "pin", "volatility", "flow"]
Symbols = Literal["stock", "index", "options"]
Ending = Literal["session", "pin", "iv_change"]

LONG, SHORT = 1, -1


@dataclass(frozen=True, slots=True)
class Condition:
    """A requirement, or a block: `holds` answers 1.0, 0.0 or NaN for each row.

    `needs` names the features without which the answer is unknown, the one that is most likely missing first; where one
    of them is stale the answer is unknown whatever `holds` says. `unknown` is the reason for an unknown answer where
    all of them are known. `only` limits the condition to a length of bars. `at_start` is a condition on the bar on
    which the setup begins, and not on the setup: the bar before need not have met it. `mirrored` says the same as
    `text` for the short twin, '' where `text` holds for both. `bars_before` is how many bars before the one that fires
    the features are read.
    """

    text: str
    needs: tuple[str, ...]
    holds: Callable[[Features], Floats]
    only: BarLength | None = None
    at_start: bool = False
    unknown: str = (
        "bar before"  # every feature of the bar itself is known, so one of an earlier bar is missing
    )
    mirrored: str = ""
    bars_before: int = 0

    def words(self, *, is_mirrored: bool) -> str:
        """Return the text of the condition for rising prices, or for the mirror image of the record."""
        return self.mirrored or self.text if is_mirrored else self.text


@dataclass(frozen=True, slots=True)
class Factor:
    """A part of the base score: `value` is 0 to 1 for each row, NaN where an input is missing.

    An `optional` factor whose input is missing drops out of the weighted mean; a missing input of any other factor
    leaves the detector without data. A stale input is a missing one. `text` is read for both directions.
    """

    weight: float
    text: str
    needs: tuple[str, ...]
    value: Callable[[Features], Floats]
    optional: bool = False
    only: BarLength | None = None
    unknown: str = "bar before"


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of the session in which a bar may end: since its open, and before its close. All limits belong to it."""

    after_open: float = 0.0
    latest_after_open: float = np.inf
    most_left: float = np.inf
    least_left: float = 0.0

    @property
    def words(self) -> str:
        """Return the limits in words, '' where any bar of the session may fire."""
        limits = (
            ("at least {:g} min after the open", self.after_open, self.after_open > 0.0),
            ("at most {:g} min after the open", self.latest_after_open, self.latest_after_open < np.inf),
            ("at most {:g} min before the close", self.most_left, self.most_left < np.inf),
            ("at least {:g} min before the close", self.least_left, self.least_left > 0.0),
        )
        return " and ".join(text.format(minutes) for text, minutes, is_set in limits if is_set)


def one_range(features: Features) -> Floats:
    """Return the default distance from the reference price to the stop: one average true range of the bars."""
    return features.atr14


def multiples_of_risk(features: Features, risk: Floats) -> Floats:
    """Return the default distances to the targets, 1.5, 2 and 3 times the risk; shape (n, 3)."""
    return np.stack([1.5 * risk, 2.0 * risk, 3.0 * risk], axis=1)


@dataclass(frozen=True, slots=True)
class Stop:
    """Distance from the reference price to the stop, shape (n,), and the features that it needs."""

    needs: tuple[str, ...]
    distance: Callable[[Features], Floats]


ONE_RANGE = Stop(("atr14",), one_range)


@dataclass(frozen=True, slots=True)
class Rule:
    """A setup for rising prices; weights of the factors sum to 1 on each length of bars that it runs on.

    `targets` gives the distances from the reference price to the targets from the features and the risk, shape (n, 3),
    NaN for a target that does not exist. `stop` is None where the setup has no stop. `direction` is set where the rule
    is not about rising prices: it returns 1 or -1 for each row, and the rule is then not mirrored. `prediction` is the
    predicted change of volatility in points. `ending` says how an outcome is measured (`quant.market.outcomes`);
    `needs_minutes` marks a rule whose stop is so near that its outcome is known only where minutes are stored.
    `evidence` is the published support in one sentence, '' where there is none: pages then show "unproven".
    """

    family: Family
    symbols: Symbols
    conditions: tuple[Condition, ...]
    factors: tuple[Factor, ...]
    blocks: tuple[Condition, ...] = ()
    window: Window = Window()
    timeframes: tuple[BarLength, ...] = ("15m",)
    stop: Stop | None = ONE_RANGE
    targets: Callable[[Features, Floats], Floats] = multiples_of_risk
    direction: Callable[[Features], Floats] | None = None
    prediction: Callable[[Features], Floats] | None = None
    ending: Ending = "session"
    needs_minutes: bool = False
    evidence: str = ""

    def is_mirrored(self, direction: float) -> bool:
        """Return whether a firing in a direction, LONG or SHORT, is one of the rule on the mirror image."""
        return self.direction is None and direction == SHORT


def ramp(values: Floats, low: float, high: float) -> Floats:
    """Return 0 at `low`, 1 at `high`, linear between them and constant beyond; falls where high < low."""
    return np.clip((values - low) / (high - low), 0.0, 1.0)
