"""Which firings a genome chooses: the score of the scanner with its weights, compared with the style's minimum.

score = (weight x base + the sum of multiplier x boost) x (1 + multiplier x (factor of the flow - 1)), from 0 to 100.
The style scores take half of it and half of the components, whose shares are multiplied by the components' weights. A
firing is chosen if the score of its style reaches the minimum of the style. With the default genome the score and the
style scores are those of `signals.score` and `signals.styles`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtest.optimiser.candidates import COMPONENTS, STYLES, Candidates
from backtest.optimiser.layout import Genes
from quant.chain import Bools, Floats
from quant.market.paths import Ints
from quant.score_thresholds import STYLE_INSTITUTIONAL, STYLE_SHARES

ROUNDING = 1e-9  # points, by which a score may miss its minimum
SHARES = np.array([[STYLE_SHARES[style].get(name, 0.0) for name in COMPONENTS] for style in STYLES])
ADDED = np.array([STYLE_INSTITUTIONAL[style] for style in STYLES])
SCALP, DAY, SWING = range(3)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Candidates in the form that many genomes need: arrays that are the same for all of them.

    `terms` holds a row for each detector with the bases of its firings and the rows of the boosts, shape
    (detectors + 4, n). `values` and `known` are the components without NaN and where they exist, shape (5, n).
    `places` are the positions of the first firings of all keys, of the second ones, and so on, with the number of their
    key.
    """

    candidates: Candidates
    terms: Floats
    values: Floats
    known: Floats
    places: tuple[tuple[Ints, Ints], ...]
    keys: int


def prepare(candidates: Candidates) -> Prepared:
    """Return the arrays that all genomes share."""
    by_detector = np.zeros((len(candidates.detectors), len(candidates)))
    by_detector[candidates.detector, np.arange(len(candidates))] = candidates.base
    known = ~np.isnan(candidates.components)
    keys, key = np.unique(candidates.key, return_inverse=True)
    order = np.argsort(key, kind="stable")
    first = np.searchsorted(key[order], key)
    nth = np.empty(len(key), dtype=np.int64)
    nth[order] = np.arange(len(key))
    nth -= first
    count = int(nth.max()) + 1 if len(key) else 0
    places = tuple((rows, key[rows]) for rows in (np.flatnonzero(nth == number) for number in range(count)))
    return Prepared(
        candidates,
        np.concatenate([by_detector, candidates.deltas]),
        np.where(known, candidates.components, 0.0),
        known.astype(float),
        places,
        len(keys),
    )


def scores(prepared: Prepared, genes: Genes) -> Floats:
    """Return the final scores, shape (p, n)."""
    factor = 1 + genes.flow * (prepared.candidates.factor - 1)
    total = np.concatenate([genes.weights, genes.boosts], axis=1) @ prepared.terms
    found: Floats = np.clip(total * factor, 0.0, 100.0)
    return found


def chosen(prepared: Prepared, genes: Genes) -> Bools:
    """Return which firings are chosen by each genome and are not fired while one of their key is live, (p, n)."""
    candidates = prepared.candidates
    if not len(candidates):
        return np.zeros((len(genes.weights), 0), dtype=bool)
    final = scores(prepared, genes)
    daily = candidates.is_daily
    reaches = np.zeros(final.shape, dtype=bool)
    if not daily.all():
        scalp, day = (_style(prepared, genes, final, style) for style in (SCALP, DAY))
        reaches = np.where(scalp > day, _reaches(scalp, genes, SCALP), _reaches(day, genes, DAY))
    if daily.any():
        swing = _reaches(_style(prepared, genes, final, SWING), genes, SWING)
        reaches = np.where(daily, swing, reaches)
    return _one_at_a_time(prepared, reaches & ~candidates.blocked, genes.exits)


def _style(prepared: Prepared, genes: Genes, final: Floats, style: int) -> Floats:
    shares = genes.components * SHARES[style]
    weight = shares @ prepared.known
    own = np.divide(shares @ prepared.values, weight, out=final.copy(), where=weight > 0)
    found: Floats = np.clip(0.5 * final + 0.5 * own + ADDED[style] * prepared.candidates.followed, 0.0, 100.0)
    return found


def _reaches(score: Floats, genes: Genes, style: int) -> Bools:
    reached: Bools = score >= genes.minimum[:, style, None] - ROUNDING
    return reached


def _one_at_a_time(prepared: Prepared, wanted: Bools, exits: Ints) -> Bools:
    if len(prepared.places) < 2:
        return wanted
    candidates = prepared.candidates
    taken = wanted.copy()
    free = np.full((len(wanted), prepared.keys), np.iinfo(np.int64).min)
    for rows, key in prepared.places:
        takes = wanted[:, rows] & (candidates.fires_at[rows] >= free[:, key])
        taken[:, rows] = takes
        free[:, key] = np.where(takes, candidates.free_at[:, rows][exits], free[:, key])
    return taken
