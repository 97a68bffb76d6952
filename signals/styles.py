"""Scores of a signal for three styles of trading: scalp, day and swing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from quant.score_thresholds import STYLE_INSTITUTIONAL, STYLE_SHARES
from signals.confluence import weighted_mean
from signals.features.record import BarLength
from signals.weights import DEFAULT, ROUNDING, Weights

Style = Literal["scalp", "day", "swing"]


@dataclass(frozen=True, slots=True)
class Styles:
    """Scores from 0 to 100, and the style of the signal: that by which it ends."""

    scalp: float
    day: float
    swing: float
    style: Style

    @property
    def own(self) -> float:
        """Return the score of the signal's style."""
        return {"scalp": self.scalp, "day": self.day, "swing": self.swing}[self.style]


def styles(
    final: float,
    components: Mapping[str, float | None],
    followed: int | None,
    bars: BarLength,
    weights: Weights = DEFAULT,
) -> Styles:
    """Return the style scores of a signal: half of it the final score, half the components of its confluence.

    `components` are the values of `signals.confluence`, None for one without data: the others then count for it, and
    the final score alone without any. `followed` is the institutional score where the flow is to be followed in the
    direction of the signal (`signals.context.flow.followed`), else None. `weights` multiply the shares of components.
    """
    scores = {name: _one(name, final, components, followed, weights) for name in STYLE_SHARES}
    scalp, day, swing = scores["scalp"], scores["day"], scores["swing"]
    # Equal scores may differ in their last digits, which must not decide the style.
    intraday: Style = "scalp" if scalp - day > ROUNDING else "day"
    return Styles(scalp, day, swing, "swing" if bars == "1d" else intraday)


def _one(
    name: str, final: float, components: Mapping[str, float | None], followed: int | None, weights: Weights
) -> float:
    shares = STYLE_SHARES[name].items()
    own = weighted_mean(
        (weights.components.get(part, 1.0) * share, components[part]) for part, share in shares
    )
    half = final if own is None else 0.5 * final + 0.5 * own
    added = 0.0 if followed is None else STYLE_INSTITUTIONAL[name] * followed
    return min(100.0, max(0.0, half + added))
