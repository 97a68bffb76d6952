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
from signals.weights import ROUNDING

SHARES = np.array([[STYLE_SHARES[style].get(name, 0.0) for name in COMPONENTS] for style in STYLES])
ADDED = np.array([STYLE_INSTITUTIONAL[style] for style in STYLES])
SCALP, DAY, SWING = range(3)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Candidates with arrays that are the same for all genomes.

    `shares` are the shares of the components in each style, 0 for one without data, and `parts` these times the
    components, shape (3, 5, n). `is_complete` says that no component lacks data. `places` are the positions of the
    first firings of all keys, of the second ones, and so on, each with the numbers of their keys, of which there are
    `keys`.
    """

    candidates: Candidates
    shares: Floats
    parts: Floats
    is_complete: bool
    places: tuple[tuple[Ints, Ints], ...]
    keys: int


def prepare(candidates: Candidates) -> Prepared:
    """Return candidates with the arrays that all genomes share."""
    known = ~np.isnan(candidates.components)
    keys, key = np.unique(candidates.key, return_inverse=True)
    order = np.argsort(key, kind="stable")
    nth = np.empty(len(key), dtype=np.int64)
    nth[order] = np.arange(len(key)) - np.searchsorted(key[order], key[order])
    places = [np.flatnonzero(nth == number) for number in range(int(nth.max(initial=-1)) + 1)]
    shares = SHARES[:, :, None] * known
    return Prepared(
        candidates,
        shares,
        shares * np.where(known, candidates.components, 0.0),
        bool(known.all()),
        tuple((rows, key[rows]) for rows in places),
        len(keys),
    )


def scores(candidates: Candidates, genes: Genes) -> Floats:
    """Return the final scores, shape (p, n).

    All steps are elementwise and in a fixed order, so a genome has the same scores alone and among others.
    """
    total = np.take(genes.weights, candidates.detector, axis=1)
    total *= candidates.base
    for number, delta in enumerate(candidates.deltas):
        if delta.any():
            total += genes.boosts[:, number, None] * delta
    if (candidates.factor != 1).any():
        total *= 1 + genes.flow * (candidates.factor - 1)
    return _limited(total)


def chosen(prepared: Prepared, genes: Genes) -> Bools:
    """Return which firings are chosen by each genome and are not fired while one of their key is live, (p, n)."""
    candidates = prepared.candidates
    if not len(candidates):
        return np.zeros((len(genes.weights), 0), dtype=bool)
    final = scores(candidates, genes)
    daily = candidates.is_daily
    reaches = np.zeros(final.shape, dtype=bool)
    if not daily.all():
        scalp, day = (_style(prepared, genes, final, style) for style in (SCALP, DAY))
        reaches = np.where(scalp - day > ROUNDING, _reaches(scalp, genes, SCALP), _reaches(day, genes, DAY))
    if daily.any():
        swing = _reaches(_style(prepared, genes, final, SWING), genes, SWING)
        reaches = np.where(daily, swing, reaches)
    return _one_at_a_time(prepared, reaches & ~candidates.blocked, genes.exits)


def _style(prepared: Prepared, genes: Genes, final: Floats, style: int) -> Floats:
    own, weight = np.zeros_like(final), np.zeros((len(final), 1))
    for number in np.flatnonzero(SHARES[style]):
        multiplier = genes.components[:, number, None]
        own += multiplier * prepared.parts[style, number]
        weight = weight + multiplier * (
            SHARES[style, number] if prepared.is_complete else prepared.shares[style, number]
        )
    has_own = weight > 0
    if has_own.all():
        own /= weight
    else:
        own = np.divide(own, weight, out=final.copy(), where=has_own)
    own += final
    own *= 0.5
    followed = prepared.candidates.followed
    if followed.any():
        own += ADDED[style] * followed
    return _limited(own)


def _limited(score: Floats) -> Floats:
    return np.clip(score, 0.0, 100.0, out=score)


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
