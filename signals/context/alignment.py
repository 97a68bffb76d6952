"""Alignment engine: whether the timeframes from a week to five minutes vote for the direction of a setup."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.market.frames import alignment, frame_confidence, frame_score
from quant.score_thresholds import BOOST_RULES, CONFLICTING
from signals.context.boost import NOT_APPLIED, Boost, Firing, shrunk
from signals.context.context import Context
from signals.features.context_columns import FRAMES
from signals.features.record import Features

_WITHOUT = ("pin", "volatility")
_BLOCKED = ("breakout", "trend", "opening", "gamma", "flow")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentContext(Context):
    """Votes by frame, from -2 to 2, of the frames present; `score` from -1 to 1 and the label of their alignment."""

    votes: dict[str, float]
    score: float | None
    alignment: str | None


def read(features: Features, row: int) -> AlignmentContext:
    """Return the context of one row of the record."""
    votes = np.asarray(features.frames.votes[row])
    present = {frame: float(vote) for frame, vote in zip(FRAMES, votes, strict=True) if not np.isnan(vote)}
    return AlignmentContext(
        as_of_ms=int(features.end_ms[row]) if present else None,
        known_at_ms=int(features.frames.known_at[row]) if present else None,
        is_stale=False,
        freshness=1.0,
        confidence=float(frame_confidence(votes)),
        missing=tuple(f"mtf_{frame}" for frame in FRAMES if frame not in present) if present else ("mtf",),
        votes=present,
        score=float(frame_score(votes)) if present else None,
        alignment=alignment(votes) if present else None,
    )


def boost(context: AlignmentContext, firing: Firing) -> Boost:
    """Return the change of a score by the alignment of the frames with or against the direction."""
    if firing.family in _WITHOUT:
        return NOT_APPLIED
    return shrunk(context, _parts(context, firing))


def block(context: AlignmentContext, firing: Firing) -> str:
    """Return the name of the block of a setup against the weekly and the daily vote, '' where it does not hold."""
    blocked = firing.family in _BLOCKED and _long_frames(context) == -firing.direction
    return "weekly and daily trend against the direction" if blocked else ""


def _parts(context: AlignmentContext, firing: Firing) -> list[tuple[float, str]]:
    rules, reversion = BOOST_RULES, firing.family == "reversion"
    long_frames = _long_frames(context)
    if reversion and long_frames == -firing.direction:
        return [(rules.frames_conflict, "weekly and daily trend against the direction")]
    if context.alignment == CONFLICTING:
        if reversion and long_frames == firing.direction:
            return []
        return [(rules.frames_conflict, "longer and shorter frames conflict")]
    points = {"FULLY_ALIGNED": rules.frames_full, "MOSTLY_ALIGNED": rules.frames_most}.get(
        context.alignment or ""
    )
    side = int(np.sign(context.score or 0.0)) * firing.direction
    if points is None or side == 0:
        return []
    text = "with" if side > 0 else "against"
    return [(side * points, f"frames are {context.alignment} {text} the direction")]


def _long_frames(context: AlignmentContext) -> int:
    """Return the common sign of the weekly and the daily vote, 0 where they differ or one is absent."""
    week, day = (np.sign(context.votes.get(frame, 0.0)) for frame in ("1w", "1d"))
    return int(week) if week == day else 0
