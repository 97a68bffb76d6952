"""Gamma flip: two closes beyond the price at which dealer gamma changes its sign, on a day with an expiration.

The flip is the root of the naive convention nearest to the close two bars before, in the snapshot of that bar. It still
exists in the two snapshots after it, the bar of that snapshot closed below it and the two bars since closed above it.
The nearest roots of all three conventions have to be below the price.
Evidence: none published. Label: unproven.
Caution: the place of the flip depends on who is assumed to hold the contracts, hence the agreement of the conventions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Window, ramp
from signals.rules.three_valued import above, at_least, below

SAME = 0.005  # largest move of one root between snapshots, a fraction of it
Roots = NDArray[np.float64]  # (n, k), NaN beyond the roots that exist


def nearest(roots: Roots, to: Floats) -> Floats:
    """Return for each row the root nearest to a price; NaN without roots or without the price."""
    distance = np.abs(roots - to[:, None])
    first = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=1)
    chosen: Floats = np.take_along_axis(roots, first[:, None], axis=1)[:, 0]
    return np.where(np.isnan(to), np.nan, chosen)


def before(features: Features, values: Floats, slots: int) -> Floats:
    """Return the value a number of slots before each row in its session, NaN where a slot has no row."""
    for _ in range(slots):
        values = features.previous(values)
    return values


def snapshot_known(features: Features, slots: int) -> Bools:
    """Return whether the snapshot used a number of slots before each row was fresh."""
    return np.equal(before(features, features.gamma.is_fresh, slots), 1.0)


def flip_roots(features: Features) -> Floats:
    """Return the flip in the snapshots of the slots i - 2, i - 1 and i, shape (3, n), each nearest to the first one."""
    roots = features.gamma.naive_roots
    by_slot = [
        np.stack([before(features, column, slots) for column in roots.T], axis=1) for slots in (2, 1, 0)
    ]
    flip = nearest(by_slot[0], before(features, features.close, 2))
    return np.stack([flip, nearest(by_slot[1], flip), nearest(by_slot[2], flip)])


def still_exists(features: Features) -> Floats:
    """Return whether the flip exists in all three snapshots, moved by at most 0.5 %."""
    flip, *later = flip_roots(features)
    exists = [np.abs(root - flip) <= SAME * np.abs(flip) for root in later]
    known = np.all([snapshot_known(features, slots) for slots in (0, 1, 2)], axis=0)
    return np.where(known, np.all(exists, axis=0), np.nan)


def range_of(roots: Floats) -> Floats:
    """Return the distance between the lowest and the highest of several roots, shape (k, n)."""
    return np.asarray(np.max(roots, axis=0) - np.min(roots, axis=0))


def moved(features: Features) -> Floats:
    """Return the largest move of the flip between any two of the three snapshots, a fraction of it."""
    roots = flip_roots(features)
    flip: Floats = roots[0]
    return range_of(roots) / np.abs(flip)


def convention_roots(features: Features) -> Floats:
    """Return the root of each convention that is nearest to the close, shape (3, n)."""
    gamma = features.gamma
    return np.stack(
        [nearest(roots, features.close) for roots in (gamma.naive_roots, gamma.volume_roots, gamma.own_roots)]
    )


def all_roots_below(features: Features) -> Floats:
    """Return whether the nearest roots of all conventions are below the close; not without a root of each."""
    return np.where(np.all(convention_roots(features) < features.close, axis=0), 1.0, 0.0)


def spread(features: Features) -> Floats:
    """Return the distance between the lowest and the highest of the conventions' roots, a fraction of the price."""
    roots = convention_roots(features)
    return range_of(roots) / np.abs(features.close)


NEEDS = ("gamma.naive_roots",)
RULE = Rule(
    family="gamma",
    symbols="index",
    window=Window(most_left=210, least_left=30),
    conditions=(
        Condition(
            "contracts settle in the session",
            ("gamma.settles_today",),
            lambda f: at_least(f.gamma.settles_today, 1.0),
        ),
        Condition("the flip exists in three snapshots", NEEDS, still_exists),
        Condition(
            "close two bars before below the flip",
            NEEDS,
            lambda f: below(before(f, f.close, 2), flip_roots(f)[0]),
        ),
        Condition(
            "close before above the flip", NEEDS, lambda f: above(before(f, f.close, 1), flip_roots(f)[0])
        ),
        Condition("close above the flip", NEEDS, lambda f: above(f.close, flip_roots(f)[0])),
        Condition("roots of all conventions below the close", NEEDS, all_roots_below),
    ),
    factors=(
        Factor(
            0.30,
            "distance beyond the flip",
            ("atr14", "gamma.naive_roots"),
            lambda f: ramp((f.close - flip_roots(f)[0]) / f.atr14, 0.0, 1.0),
        ),
        Factor(0.25, "steadiness of the flip", NEEDS, lambda f: 1.0 - ramp(moved(f), 0.0, SAME)),
        Factor(0.25, "relative volume", ("rvol",), lambda f: ramp(f.rvol, 1.0, 2.0)),
        Factor(0.20, "nearness of the conventions' roots", NEEDS, lambda f: 1.0 - ramp(spread(f), 0.0, 0.01)),
    ),
)

BULLISH = Detector(15, "gamma_flip_bullish", RULE)
BEARISH = Detector(16, "gamma_flip_bearish", RULE, (SHORT,))
