"""A firing of a detector with everything that is stored of it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Any

import numpy as np

from signals import score as scores
from signals.confluence import Confluence, confluence
from signals.context import flow
from signals.context.boost import Profile
from signals.context.contexts import Contexts
from signals.context.contexts import read as read_contexts
from signals.features.record import BarLength, Features
from signals.rules.condition_values import measured
from signals.rules.detector import Detections, Detector
from signals.rules.rule import LONG
from signals.score import Score
from signals.styles import Styles, styles
from signals.weights import DEFAULT, Weights

METHOD_VERSION = "signals-1"


@dataclass(frozen=True, slots=True)
class FoundSignal:
    """One firing on one bar. Times are epoch ms, prices dollars or index points; NaN where there is none."""

    symbol: str
    timeframe: BarLength
    detector: Detector
    direction: int
    bar_end: int
    evaluated_at: int
    reference: float
    stop: float
    targets: tuple[float, ...]
    prediction: float
    score: Score
    confluence: Confluence
    styles: Styles
    followed: int | None
    config_id: int | None
    contexts: Contexts
    conditions: tuple[dict[str, Any], ...]
    factors: tuple[dict[str, Any], ...]

    @property
    def side(self) -> int:
        return self.direction

    @property
    def stop_price(self) -> float:
        return self.stop

    @property
    def target_prices(self) -> tuple[float, ...]:
        return self.targets

    @property
    def needs_minutes(self) -> bool:
        return self.detector.rule.needs_minutes


def found_at(
    features: Features,
    detector: Detector,
    detections: Detections,
    row: int,
    profile: Profile,
    minimum: float,
    weights: Weights = DEFAULT,
) -> FoundSignal:
    """Return the firing of a detector on one row, scored in the contexts of that row with some weights."""
    contexts = read_contexts(features, row)
    firing = scores.firing_at(detector, detections, row)
    scored = scores.score(firing, contexts, profile, minimum, weights)
    side = confluence(features, row, contexts.alignment, firing.direction)
    followed = flow.followed(contexts.flow, firing)
    by_style = styles(scored.final, side.values(), followed, features.timeframe, weights)
    reaches = weights.reaches(by_style.style, by_style.own)
    if reaches is not None and not scored.blocks:
        scored = replace(scored, disposition="ACTIVE" if reaches else "BELOW_MINIMUM")
    stop, targets = float(detections.stop[row]), tuple(detections.targets[row].tolist())
    if detector.rule.ending == "session":
        stop, targets = weights.prices(firing.reference, stop, targets)
    return FoundSignal(
        symbol=features.symbol,
        timeframe=features.timeframe,
        detector=detector,
        direction=firing.direction,
        bar_end=int(features.end_ms[row]),
        evaluated_at=int(features.at_ms[row]),
        reference=firing.reference,
        stop=stop,
        targets=targets,
        prediction=float(detections.prediction[row]),
        score=scored,
        confluence=side,
        styles=by_style,
        followed=followed,
        config_id=weights.config_id,
        contexts=contexts,
        conditions=measured(
            detector.rule,
            features,
            row,
            is_mirrored=detector.rule.is_mirrored(firing.direction),
        ),
        factors=tuple(
            {"text": factor.text, "weight": factor.weight, "value": plain(detections.factors[place, row])}
            for place, factor in enumerate(detector.rule.factors)
            if factor.only in (None, features.timeframe)
        ),
    )


def row_of(found: FoundSignal) -> dict[str, Any]:
    """Return the columns of the table `signals`; numbers that do not exist are None."""
    scored = found.score
    return {
        "symbol": found.symbol,
        "timeframe": found.timeframe,
        "detector": found.detector.name,
        "direction": "LONG" if found.direction == LONG else "SHORT",
        "bar_end": found.bar_end,
        "evaluated_at": found.evaluated_at,
        "disposition": scored.disposition,
        "blocked_by": list(scored.blocks),
        "family": found.detector.family,
        "outcome_kind": found.detector.rule.ending,
        "reference_price": plain(found.reference),
        "stop": plain(found.stop),
        "targets": [target for target in found.targets if not math.isnan(target)],
        "prediction": plain(found.prediction),
        "base_score": scored.base,
        "final_score": scored.final,
        "confluence": found.confluence.overall,
        "scalp_score": found.styles.scalp,
        "day_score": found.styles.day,
        "swing_score": found.styles.swing,
        "style": found.styles.style,
        "conditions": list(found.conditions),
        "factors": list(found.factors),
        "terms": {name: plain(boost) for name, boost in scored.terms.items()},
        "components": {one.name: plain(one) for one in found.confluence.components},
        "contexts": plain(found.contexts),
        "profile": scored.profile,
        "config_id": found.config_id,
        "method_version": METHOD_VERSION,
    }


def plain(value: Any) -> Any:
    """Return a value of a record as JSON has it: NaN is None, dates are texts, and records are dictionaries."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(one) for name, one in asdict(value).items()}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
