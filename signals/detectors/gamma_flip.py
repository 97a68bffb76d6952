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
Roots = NDArray[np.float64]  # (n, k), NaN beyond the roots that exist, infinite where a profile has none


def nearest(roots: Roots, to: Floats) -> Floats:
    """Return for each row the root nearest to a price; NaN without roots or without the price."""
    finite = np.where(np.isfinite(roots), roots, np.nan)
    distance = np.abs(finite - to[:, None])
    first = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=1)
    chosen: Floats = np.take_along_axis(finite, first[:, None], axis=1)[:, 0]
    return np.where(np.isnan(to), np.nan, chosen)


def before(features: Features, values: Floats, slots: int) -> Floats:
    """Return the value a number of slots before each row in its session, NaN where a slot has no row."""
    for _ in range(slots):
        values = features.previous(values)
    return values


def known(roots: Roots) -> Bools:
    """Return in which rows it is known whether there are roots."""
    return np.asarray(np.any(~np.isnan(roots), axis=1))


def naive_roots(features: Features, slots: int) -> Roots:
    """Return the roots in the snapshot used a number of slots before each row, NaN where it was not fresh."""
    gamma = features.gamma
    fresh = np.where((gamma.is_fresh == 1.0)[:, None], gamma.naive_roots, np.nan)
    return np.stack([before(features, column, slots) for column in fresh.T], axis=1)


def flip_roots(features: Features) -> Floats:
    """Return the flip in the snapshots of the slots i - 2, i - 1 and i, shape (3, n), each nearest to the first one."""
    flip = nearest(naive_roots(features, 2), before(features, features.close, 2))
    return np.stack([flip, *(nearest(naive_roots(features, slots), flip) for slots in (1, 0))])


def still_exists(features: Features) -> Floats:
    """Return whether the flip exists in all three snapshots, moved by at most 0.5 %."""
    flip, *later = flip_roots(features)
    exists = [np.abs(root - flip) <= SAME * np.abs(flip) for root in later]
    is_known = np.all([known(naive_roots(features, slots)) for slots in (0, 1, 2)], axis=0)
    return np.where(is_known, np.all(exists, axis=0), np.nan)


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
    return np.stack([nearest(roots, features.close) for roots in _conventions(features)])


def all_roots_below(features: Features) -> Floats:
    """Return whether the nearest roots of all conventions are below the close; not where one has no root."""
    below_close = np.all(convention_roots(features) < features.close, axis=0)
    is_known = np.all([known(roots) for roots in _conventions(features)], axis=0)
    return np.where(is_known, below_close, np.nan)


def spread(features: Features) -> Floats:
    """Return the distance between the lowest and the highest of the conventions' roots, a fraction of the price."""
    return range_of(convention_roots(features)) / np.abs(features.close)


def _conventions(features: Features) -> tuple[Roots, Roots, Roots]:
    gamma = features.gamma
    return gamma.naive_roots, gamma.volume_roots, gamma.own_roots


NEEDS = ("gamma.naive_roots",)
ALL_NEEDS = ("gamma.naive_roots", "gamma.volume_roots", "gamma.own_roots")
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
            mirrored="close two bars before above the flip",
        ),
        Condition(
            "close before above the flip",
            NEEDS,
            lambda f: above(before(f, f.close, 1), flip_roots(f)[0]),
            mirrored="close before below the flip",
        ),
        Condition(
            "close above the flip",
            NEEDS,
            lambda f: above(f.close, flip_roots(f)[0]),
            mirrored="close below the flip",
        ),
        Condition(
            "roots of all conventions below the close",
            ALL_NEEDS,
            all_roots_below,
            mirrored="roots of all conventions above the close",
        ),
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
        Factor(
            0.20, "nearness of the conventions' roots", ALL_NEEDS, lambda f: 1.0 - ramp(spread(f), 0.0, 0.01)
        ),
    ),
)

BULLISH = Detector(15, "gamma_flip_bullish", RULE)
BEARISH = Detector(16, "gamma_flip_bearish", RULE, (SHORT,))
