"""Rows in which a named feature is missing or stale, and the name under which that is reported.

Names are those of `signals.features.record`, with a dot for the columns of a context: `gamma.ratio`. A stale value is
as good as none: gamma of a snapshot that is too old, flow while the stream is not received, and daily rows that are not
those of the last finished session.
"""

from __future__ import annotations

from operator import attrgetter

import numpy as np

from quant.chain import Bools
from quant.score_thresholds import CONTEXT_RULES
from signals.features.record import Features
from warehouse.asof.rows import Texts

# Columns that do not come from the daily row of volatility, but from the events and the surface.
_NOT_DAILY = frozenset(
    f"iv.{name}"
    for name in (
        "event_timing", "event_expirations", "days_to_event", "front_iv", "front_mean", "ex_event_iv",
        "front_kink_points",
    )
)  # fmt: skip


def stale(features: Features, name: str) -> Bools:
    """Return the rows, shape (n,), in which the source of a feature is too old or was never received."""
    group = name.split(".")[0]
    if group == "gamma":
        return np.not_equal(features.gamma.is_fresh, 1.0)
    if group == "flow":
        return ~(features.flow.silent_minutes < CONTEXT_RULES.flow_minutes)
    if group == "iv" and name not in _NOT_DAILY:
        return np.not_equal(features.iv.age_sessions, 0.0)
    if group == "regime":
        return np.not_equal(features.regime.age_sessions, 0.0)
    return np.zeros(len(features), dtype=bool)


def missing(features: Features, name: str) -> Bools:
    """Return the rows, shape (n,), in which a feature has no usable value; roots have none if all are NaN."""
    values = attrgetter(name)(features)
    rows = len(values)
    empty = values == "" if values.dtype.kind == "U" else np.isnan(values.reshape(rows, -1)).all(axis=1)
    return np.asarray(empty | stale(features, name))


def reason(features: Features, name: str) -> Texts:
    """Return why a feature is missing: the stored reason of the row, else the name of the feature or its context."""
    shown = name.split(".")[0]
    stored = features.reasons.get(shown, np.array(""))
    return np.where(stored == "", shown, stored)
