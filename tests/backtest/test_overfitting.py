"""The probability of overfitting by combinatorially symmetric cross-validation."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from backtest import statistics
from backtest.statistics import overfitting_logits, overfitting_probability

FIXTURE = np.array(
    [[3, 1, 0], [1, 2, 1], [0, 2, 4], [1, 1, 3], [2, 0, 1], [4, 1, 0], [0, 3, 1], [1, 2, 2]], dtype=float
)


def test_every_split_of_the_fixture_picks_the_worst_column():
    assert overfitting_logits(FIXTURE, 4) == pytest.approx([np.log(1 / 3)] * 6)
    assert round(overfitting_logits(FIXTURE, 4)[0], 4) == -1.0986
    assert overfitting_probability(FIXTURE, 4) == 1.0


def slow_logits(matrix, blocks):
    """Compute the logits split by split from the rows themselves."""
    parts = np.array_split(np.arange(len(matrix)), blocks)
    found = []
    for picked in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[block] for block in picked])
        outside = np.setdiff1d(np.arange(len(matrix)), inside)
        best = matrix[inside].mean(axis=0).argmax()
        scores = matrix[outside].mean(axis=0)
        share = (1 + (scores < scores[best]).sum()) / (matrix.shape[1] + 1)
        found.append(np.log(share / (1 - share)))
    return found


def test_blocks_need_not_have_equal_lengths(monkeypatch):
    monkeypatch.setattr(statistics, "SPLITS_AT_ONCE", 50)
    matrix = np.random.default_rng(3).normal(size=(83, 7))
    assert overfitting_logits(matrix, 6) == pytest.approx(slow_logits(matrix, 6))


@pytest.mark.parametrize(("blocks", "splits"), [(8, 70), (10, 252), (16, 12_870)])
def test_there_is_a_logit_for_each_choice_of_half_of_the_blocks(blocks, splits):
    matrix = np.random.default_rng(1).normal(size=(160, 4))
    assert len(overfitting_logits(matrix, blocks)) == splits == comb(blocks, blocks // 2)


def test_as_many_rows_as_blocks_are_enough():
    assert len(overfitting_logits(FIXTURE, 8)) == 70


def test_columns_with_equal_means_are_always_overfitted():
    matrix = np.random.default_rng(2).normal(size=(200, 20))
    assert overfitting_probability(matrix - matrix.mean(axis=0), 10) == 1.0


def test_a_column_with_an_advantage_is_not_overfitted():
    matrix = np.random.default_rng(0).normal(size=(1000, 50))
    matrix[:, 7] += 0.3
    assert overfitting_probability(matrix, 10) == 0.0


def test_noise_is_overfitted_in_half_of_the_splits_on_average():
    seeds = range(100)
    found = [overfitting_probability(np.random.default_rng(seed).normal(size=(200, 20)), 8) for seed in seeds]
    assert 0.45 < np.mean(found) < 0.55


def test_identical_columns_share_the_middle_rank():
    assert overfitting_logits(np.ones((8, 4)), 4) == pytest.approx([0.0] * 6)
    assert overfitting_probability(np.ones((8, 4)), 4) == 1.0


@pytest.mark.parametrize("blocks", [0, 1, 3, -2])
def test_an_odd_number_of_blocks_is_refused(blocks):
    with pytest.raises(ValueError, match="must be even"):
        overfitting_probability(FIXTURE, blocks)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (FIXTURE[:3], "at least 4 rows"),
        (FIXTURE[:, :1], "2 columns"),
        (np.where(FIXTURE > 3, np.nan, FIXTURE), "finite"),
    ],
)
def test_a_matrix_that_cannot_be_split_is_refused(matrix, words):
    with pytest.raises(ValueError, match=words):
        overfitting_probability(matrix, 4)
