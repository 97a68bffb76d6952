"""Boosts: how much a context changes the score of a firing, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from signals.context.context import Context
from signals.rules.rule import Family

# "phase1" and "document3" follow one of the project's documents each; "neutral_gamma" counts short gamma in both
# directions, because it amplifies falls as well as rises.
Profile = Literal["default", "phase1", "document3", "neutral_gamma"]
PROFILES: tuple[Profile, ...] = ("default", "phase1", "document3", "neutral_gamma")


@dataclass(frozen=True, slots=True)
class Firing:
    """A detector fired on a bar: `direction` 1 or -1, `base` the base score, `reference` the close of the bar.

    `blocked` is the rule's own block that holds, '' without.
    """

    detector: str
    family: Family
    direction: int
    base: float
    reference: float
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Boost:
    """Change of a score: `delta` in points and `factor`, after they were shrunk to the share `shrink`."""

    delta: float
    factor: float
    shrink: float
    reason: str


NOT_APPLIED = Boost(0.0, 1.0, 0.0, "does not apply to this setup")


def shrunk(
    context: Context, parts: Sequence[tuple[float, str]], factor: tuple[float, str] | None = None
) -> Boost:
    """Return the sum of the parts' points and the factor, shrunk by the context's quality, with all reasons.

    A context that is missing changes nothing and says what is missing.
    """
    texts = [text for _, text in parts] + ([factor[1]] if factor else [])
    if context.known_at_ms is None and not texts:
        texts = ["no data: " + ", ".join(context.missing)]
    share = context.shrink
    return Boost(
        delta=share * sum(points for points, _ in parts),
        factor=1.0 + share * (factor[0] - 1.0) if factor else 1.0,
        shrink=share,
        reason="; ".join(texts) or "no effect",
    )
