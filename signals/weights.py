"""Weights of a configuration: how much each part of a score counts, from which score on, and which exits are used.

With the default weights every score is as the detectors and engines give it. Other weights come from an optimisation
that a person promoted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quant.score_thresholds import STYLE_SHARES

# Variants of the exits: multiples of the distances to the stop and to the targets.
EXITS = ((1.0, 1.0), (1.0, 4.0 / 3.0), (1.0, 2.0), (1.5, 1.5))
ROUNDING = 1e-9  # points, within which scores are equal


@dataclass(frozen=True, slots=True)
class Weights:
    """Multipliers by name, 1 for a name that is not listed.

    `detectors` multiply base scores, `boosts` the terms of the engines, `components` their shares in style scores.
    `minimum` is the least score of each style; without it the least final score of the settings counts. `exits` is a
    place in `EXITS`. `config_id` is the row of `confluence_configs`, None for the defaults.
    """

    detectors: Mapping[str, float] = field(default_factory=dict)
    boosts: Mapping[str, float] = field(default_factory=dict)
    components: Mapping[str, float] = field(default_factory=dict)
    minimum: Mapping[str, float] | None = None
    exits: int = 0
    config_id: int | None = None

    def prices(
        self, reference: float, stop: float, targets: Sequence[float]
    ) -> tuple[float, tuple[float, ...]]:
        """Return stop and targets of a signal in the variant of the exits."""
        return exit_prices(reference, stop, targets, self.exits)

    def reaches(self, style: str, score: float) -> bool | None:
        """Return whether the score of a style reaches its minimum, None without minima."""
        return None if self.minimum is None else score >= self.minimum[style] - ROUNDING


DEFAULT = Weights()


def exit_prices(
    reference: float, stop: float, targets: Sequence[float], variant: int
) -> tuple[float, tuple[float, ...]]:
    """Return stop and targets in a variant of `EXITS`."""
    nearer, farther = EXITS[variant]
    if (nearer, farther) == EXITS[0]:
        return stop, tuple(targets)
    return reference - nearer * (reference - stop), tuple(
        reference + farther * (target - reference) for target in targets
    )


def weights_of(stored: Mapping[str, Any], config_id: int | None = None) -> Weights:
    """Return the weights of a stored configuration. Raises ValueError for minima of other styles and unknown exits."""
    minimum = stored.get("minimum")
    if minimum is not None and set(minimum) != set(STYLE_SHARES):
        raise ValueError(
            f"a configuration needs the least score of {', '.join(STYLE_SHARES)}, not of {list(minimum)}"
        )
    exits = int(stored.get("exits", 0))
    if not 0 <= exits < len(EXITS):
        raise ValueError(f"there are exits 0 to {len(EXITS) - 1}, not {exits}")
    return Weights(
        stored.get("detectors", {}),
        stored.get("boosts", {}),
        stored.get("components", {}),
        minimum,
        exits,
        config_id,
    )
