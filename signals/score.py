"""The final score of a firing: its base score and the boosts of all engines, and whether it is kept back.

final = (base + IV + gamma + alignment + regime) x flow, from 0 to 100. Every term is kept with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from quant.score_thresholds import BOOST_RULES
from signals.context import alignment, flow, gamma_exposure, iv_percentile, regime
from signals.context.boost import NOT_APPLIED, Boost, Firing, Profile
from signals.context.contexts import Contexts
from signals.rules.detector import Detections, Detector
from signals.weights import DEFAULT, Weights

Disposition = Literal["ACTIVE", "BLOCKED", "BELOW_MINIMUM"]


@dataclass(frozen=True, slots=True)
class Score:
    """A firing's score with all its terms, by the name of the engine in the order in which they count.

    `blocks` holds the names of the rules that block the firing. A blocked firing and one below the minimum are stored
    and followed to their outcome like an active one.
    """

    base: float
    terms: dict[str, Boost]
    final: float
    blocks: tuple[str, ...]
    disposition: Disposition
    profile: Profile


def firing_at(detector: Detector, detections: Detections, row: int) -> Firing:
    """Return the firing of a detector on one row of its detections."""
    return Firing(
        detector=detector.name,
        family=detector.family,
        direction=int(detections.direction[row]),
        base=float(detections.score[row]),
        reference=float(detections.reference[row]),
        blocked=str(detections.blocked[row]),
    )


def score(
    firing: Firing,
    contexts: Contexts,
    profile: Profile = "default",
    minimum: float = BOOST_RULES.minimum_score,
    weights: Weights = DEFAULT,
) -> Score:
    """Return the score of a firing in its contexts. A firing on volatility has only the term of IV.

    `weights` multiply the base score and the terms; the terms of the result are those before that.
    """
    terms = {
        "iv": iv_percentile.boost(contexts.iv, firing, profile),
        "gamma": gamma_exposure.boost(contexts.gamma, firing, profile),
        "alignment": alignment.boost(contexts.alignment, firing),
        "regime": regime.boost(contexts.regime, firing),
        "flow": flow.boost(contexts.flow, firing, profile),
    }
    if firing.family == "volatility":
        terms = {name: term if name == "iv" else NOT_APPLIED for name, term in terms.items()}
    total = weights.detectors.get(firing.detector, 1.0) * firing.base
    total += sum(weights.boosts.get(name, 1.0) * term.delta for name, term in terms.items())
    factors = (1.0 + weights.boosts.get(name, 1.0) * (term.factor - 1.0) for name, term in terms.items())
    final = min(100.0, max(0.0, total * prod(factors)))
    found = (
        firing.blocked,
        regime.block(contexts.regime, firing),
        alignment.block(contexts.alignment, firing),
    )
    blocks = tuple(name for name in found if name)
    below: Disposition = "BELOW_MINIMUM" if final < minimum else "ACTIVE"
    return Score(firing.base, terms, final, blocks, "BLOCKED" if blocks else below, profile)
