"""Votes of timeframes; examples 23 to 26 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from quant.market.frames import (
    aligned_share,
    alignment,
    conflicting,
    frame_confidence,
    frame_score,
    frame_votes,
    weighted_sum,
)

MOSTLY = np.array([2.0, 1.6, 1.0, -0.7, -1.4, 0.5])
WITHOUT_WEEK = np.array([np.nan, 1.6, 1.0, -0.7, -1.4, 0.5])
CONFLICT = np.array([-1.0, -0.5, 1.5, 2.0, 2.0, 2.0])
NONE = np.full(6, np.nan)


def votes_of(slope=0.2, close=101.0, ema9=100.8, ema21=100.5):
    """Six bars with the given values on the last one, whose ema20 is 100 and rose by the slope."""
    ema20 = np.array([100.0 - slope, 90.0, 91.0, 92.0, 93.0, 100.0])
    ones = np.ones(6)
    return frame_votes(close * ones, ema9 * ones, ema20, ema21 * ones, ones)


def test_vote_is_that_of_the_worked_example():
    assert votes_of()[5] == pytest.approx(1.7)


@pytest.mark.parametrize(
    ("changed", "vote"),
    [
        ({"slope": 2.0}, 2.0),
        ({"slope": -2.0, "close": 99.0, "ema9": 100.4}, -2.0),
        ({"slope": 0.0, "close": 100.0, "ema9": 100.5}, 0.0),
        ({"close": 100.0}, 1.2),  # the sign of nothing is 0
    ],
)
def test_vote_is_limited_and_counts_nothing_for_equal_values(changed, vote):
    assert votes_of(**changed)[5] == pytest.approx(vote)


def test_vote_needs_five_bars_before():
    assert np.isnan(votes_of()[:5]).all()


def test_score_and_alignment_are_those_of_the_worked_example():
    assert weighted_sum(MOSTLY) == pytest.approx(9.425)
    assert frame_score(MOSTLY) == pytest.approx(0.571212, abs=5e-7)
    assert aligned_share(MOSTLY) == pytest.approx(0.818182, abs=5e-7)
    assert alignment(MOSTLY) == "MOSTLY_ALIGNED"
    assert frame_confidence(MOSTLY) == 100.0


def test_absent_frame_drops_out_and_lowers_the_confidence():
    assert frame_score(WITHOUT_WEEK) == pytest.approx(0.326190, abs=5e-7)
    assert aligned_share(WITHOUT_WEEK) == pytest.approx(0.714286, abs=5e-7)
    assert frame_confidence(WITHOUT_WEEK) == pytest.approx(63.6364, abs=5e-5)


def test_no_frames_have_no_score():
    assert np.isnan(frame_score(NONE))
    assert alignment(NONE) is None
    assert frame_confidence(NONE) == 0.0


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ([2.0, 2.0, 2.0, 2.0, -1.0, 2.0], "FULLY_ALIGNED"),
        ([2.0, -0.1, 0.0, 1.0, 1.0, 0.0], "NEUTRAL"),  # 4.5 of 8.25
        ([2.0, -0.1, 0.0, 0.0, 0.0, 0.0], "DIVERGING"),  # 3 of 8.25
        ([-1.0, -0.5, 1.5, 2.0, 2.0, 2.0], "CONFLICTING"),
        ([1.0, 0.5, -1.5, -2.0, -2.0, -2.0], "CONFLICTING"),
    ],
)
def test_alignment_by_the_share_of_weight_with_the_sign_of_the_score(votes, label):
    assert alignment(np.array(votes)) == label


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("vote", [0.0, np.nan])
def test_conflict_needs_a_weekly_and_a_daily_vote(position, vote):
    votes = CONFLICT.copy()
    votes[position] = vote
    assert not conflicting(votes)


def test_conflict_needs_votes_within_the_day():
    assert not conflicting(np.array([-1.0, -1.0, 0.0, 0.0, 0.0, 0.0]))


def test_rows_of_votes_are_answered_together():
    rows = np.stack([MOSTLY, WITHOUT_WEEK, NONE])
    assert frame_score(rows) == pytest.approx([0.571212, 0.326190, np.nan], abs=5e-7, nan_ok=True)
    assert conflicting(np.stack([MOSTLY, CONFLICT])).tolist() == [False, True]
