"""Why each detector fired on a bar or did not, in text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signals.context.contexts import Contexts
from signals.context.contexts import read as read_contexts
from signals.features.record import Features
from signals.rules.detector import Detector

WINDOW = "time of the session"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one detector on a bar.

    `state` is fired, holds (the setup began on an earlier bar), no, or no data. `conditions` are the texts of the
    conditions in the direction of the answer, with their answers, None where one is not known.
    """

    detector: Detector
    state: str
    reason: str
    score: float | None
    conditions: tuple[tuple[str, bool | None], ...]


def answers(features: Features, row: int, detectors: list[Detector]) -> Iterator[Answer]:
    """Yield the answer of each detector on one row of a record."""
    for detector in detectors:
        found = detector.detect(features)
        is_mirrored = detector.rule.is_mirrored(found.direction[row])
        texts = [WINDOW, *(one.words(is_mirrored=is_mirrored) for one in detector.rule.conditions)]
        values = found.conditions[:, row].tolist()
        listed = tuple((text, _answer(value)) for text, value in zip(texts, values, strict=True))
        failing = [text for text, holds in listed if holds is False]
        if found.fired[row]:
            blocked = str(found.blocked[row])
            state, reason = "fired", f"blocked: {blocked}" if blocked else ""
        elif found.no_data[row]:
            state, reason = "no data", str(found.no_data[row])
        elif failing:
            state, reason = (
                "no",
                f"not: {failing[0]}" + (f" and {len(failing) - 1} more" if failing[1:] else ""),
            )
        else:
            state, reason = "holds", "the setup began on an earlier bar"
        score = float(found.score[row])
        yield Answer(detector, state, reason, None if np.isnan(score) else score, listed)


def context_lines(features: Features, row: int) -> Iterator[tuple[str, str]]:
    """Yield the name of each engine and one line with its quality and what is missing."""
    contexts: Contexts = read_contexts(features, row)
    for name in ("iv", "gamma", "flow", "regime", "alignment"):
        one = getattr(contexts, name)
        parts = [f"confidence {one.confidence:.0f}", "stale" if one.is_stale else "fresh"]
        if one.missing:
            parts.append("missing: " + ", ".join(one.missing))
        yield name, "; ".join(parts)


def _answer(value: float) -> bool | None:
    return None if np.isnan(value) else value == 1.0
