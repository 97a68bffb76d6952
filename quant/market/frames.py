"""Votes of timeframes on the direction of the market, and how far they agree.

Votes are arrays whose last axis holds the frames in the order of `quant.score_thresholds.FRAME_WEIGHTS`: weekly, daily,
4 hours, 1 hour, 15 and 5 minutes; NaN for a frame that is absent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from quant.score_thresholds import ALIGNMENT, CONFLICTING, FRAME_WEIGHTS

Votes = NDArray[np.float64]  # (..., 6)
_SLOPE_BARS = 5
_FULL_SLOPE = 0.5  # average true ranges of the frame
_HIGHEST_VOTE = 2.0
_WEIGHTS = np.array(FRAME_WEIGHTS)
_LONG_FRAMES = 2  # weekly and daily; the others are within a day


def frame_votes(close: Floats, ema9: Floats, ema20: Floats, ema21: Floats, atr14: Floats) -> Floats:
    """Return the vote of one frame at each of its bars, from -2 to 2, shape (n,).

    Half a vote each is the side of the close from ema20 and the slope of ema20 over five bars, one vote the order of
    ema9 and ema21. The first five bars, and bars without an input, have NaN.
    """
    slope = np.full(len(close), np.nan)
    slope[_SLOPE_BARS:] = (ema20[_SLOPE_BARS:] - ema20[:-_SLOPE_BARS]) / atr14[_SLOPE_BARS:]
    side = 0.5 * np.sign(close - ema20)
    return np.asarray(side + 0.5 * np.clip(slope / _FULL_SLOPE, -1.0, 1.0) + np.sign(ema9 - ema21))


def weighted_sum(votes: Votes) -> NDArray[np.float64]:
    """Return the sum of weight times vote over the frames present, shape (...)."""
    return np.asarray(np.nansum(_WEIGHTS * votes, axis=-1))


def frame_score(votes: Votes) -> NDArray[np.float64]:
    """Return the weighted sum over its largest possible value, from -1 to 1; NaN without frames."""
    present = _present(votes)
    largest = np.where(present > 0.0, _HIGHEST_VOTE * present, np.nan)
    return np.asarray(weighted_sum(votes) / largest)


def aligned_share(votes: Votes) -> NDArray[np.float64]:
    """Return the share by weight of the frames present whose vote has the sign of the score; NaN without frames."""
    present = _present(votes)
    same = np.sign(votes) == np.sign(weighted_sum(votes))[..., None]
    with_score = np.sum(np.where(same, _WEIGHTS, 0.0), axis=-1)
    return np.asarray(with_score / np.where(present > 0.0, present, np.nan))


def conflicting(votes: Votes) -> Bools:
    """Return whether the weekly and the daily vote have the sign opposite to the sum of the shorter frames.

    All three have to be other than zero; an absent weekly or daily vote is no conflict.
    """
    shorter = np.sign(np.nansum((_WEIGHTS * votes)[..., _LONG_FRAMES:], axis=-1))
    longer = np.sign(votes[..., :_LONG_FRAMES])
    return np.asarray((shorter != 0.0) & np.all(longer == -shorter[..., None], axis=-1))


def alignment(votes: Votes) -> str | None:
    """Return the label of one row of votes, shape (6,), None without frames."""
    if conflicting(votes):
        return CONFLICTING
    return ALIGNMENT.label(float(aligned_share(votes)))


def frame_confidence(votes: Votes) -> NDArray[np.float64]:
    """Return the weight present as a share of all weights, times 100."""
    return np.asarray(100.0 * _present(votes) / _WEIGHTS.sum())


def _present(votes: Votes) -> NDArray[np.float64]:
    return np.asarray(np.sum(np.where(np.isnan(votes), 0.0, _WEIGHTS), axis=-1))
