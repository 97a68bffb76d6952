"""Put/call ratio of one kind of underlying against its own history.

The usual ratio of index options is twice that of stocks, and that of the watched chains depends on which are watched.
So a ratio is compared with earlier ones of the same kind, and never with fixed cut-offs.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from quant.chain import Floats
from quant.thresholds import PUT_CALL_MINIMUM_SESSIONS, PUT_CALL_REGIME

WINDOW_SESSIONS = 252

Status = Literal["ok", "no_volume", "too_few_sessions"]


class PutCallStanding(NamedTuple):
    """A ratio, its percentile (0 to 1, NaN where unknown) and the class of that; the status says why it is unknown."""

    ratio: float
    percentile: float
    regime: str | None
    status: Status


def standing(ratio: float, past: Floats) -> PutCallStanding:
    """Return how a ratio compares with `past`, the ratios of earlier sessions, shape (n,), oldest first, NaN unknown.

    The percentile is the share of the last 252 sessions with a lower ratio, and needs 60 known ones.
    """
    known = past[-WINDOW_SESSIONS:]
    known = known[np.isfinite(known)]
    if np.isnan(ratio):
        return PutCallStanding(ratio, np.nan, None, "no_volume")
    if len(known) < PUT_CALL_MINIMUM_SESSIONS:
        return PutCallStanding(ratio, np.nan, None, "too_few_sessions")
    percentile = float(np.mean(known < ratio))
    return PutCallStanding(ratio, percentile, PUT_CALL_REGIME.label(percentile), "ok")
