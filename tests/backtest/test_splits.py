"""Walk-forward and combinatorial splits with purge and embargo."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from backtest.splits import Intervals, combinatorial, path_count, paths, session_clock, walk_forward
from quant.sessions import DAY_MS
from tests.backtest.outcome_rows import instant, sessions

DAYS = sessions(12)


def lasting(length, days=DAYS):
    """Return one outcome for each session, entered at its number and held for a number of sessions."""
    numbers = np.arange(len(days))
    return Intervals(days, numbers, numbers + length)


def trains(splits):
    return [split.train.tolist() for split in splits]


# The numbers of skfolio's tests: 12 observations, 3 blocks, 2 tested.
@pytest.mark.parametrize(
    ("length", "embargo", "expected"),
    [
        (0, 0, [[8, 9, 10, 11], [4, 5, 6, 7], [0, 1, 2, 3]]),
        (1, 0, [[9, 10, 11], [5, 6], [0, 1, 2]]),
        (0, 1, [[9, 10, 11], [5, 6, 7], [0, 1, 2, 3]]),
    ],
    ids=["neither", "purge", "embargo"],
)
def test_combinatorial_splits_purge_and_embargo(length, embargo, expected):
    splits = list(combinatorial(lasting(length), DAYS, blocks=3, tested=2, embargo=embargo))
    assert trains(splits) == expected
    assert [[rows.tolist() for rows in split.tests] for split in splits] == [
        [[0, 1, 2, 3], [4, 5, 6, 7]],
        [[0, 1, 2, 3], [8, 9, 10, 11]],
        [[4, 5, 6, 7], [8, 9, 10, 11]],
    ]


def test_the_embargo_starts_with_the_largest_exit():
    # The last outcome of the first block ends in session 4, and the embargo lasts until 5.
    (split, *_) = combinatorial(lasting(1), DAYS, blocks=3, tested=1, embargo=1)
    assert split.train.tolist() == [6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize(("blocks", "tested", "splits", "count"), [(6, 2, 15, 5), (10, 8, 45, 36)])
def test_each_choice_of_blocks_is_a_split_and_they_make_paths(blocks, tested, splits, count):
    found = list(combinatorial(lasting(0), DAYS, blocks=blocks, tested=tested))
    assert len(found) == comb(blocks, tested) == splits
    assert path_count(blocks, tested) == tested * splits // blocks == count
    by_path = paths(blocks, tested)
    assert by_path.shape == (count, blocks)
    for path in by_path:
        # The tests of a path hold each outcome once.
        held = [found[number].tested for number in path]
        parts = np.array_split(DAYS, blocks)
        for block, choice in enumerate(held):
            assert any(np.array_equal(parts[block], each) for each in choice)


def test_paths_use_the_tests_of_a_block_in_turn():
    assert paths(3, 2).T.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert paths(5, 2).T.tolist() == [[0, 1, 2, 3], [0, 4, 5, 6], [1, 4, 7, 8], [2, 5, 7, 9], [3, 6, 8, 9]]


def test_walk_forward_trains_on_all_sessions_before_the_test():
    days = sessions(90)
    splits = list(walk_forward(lasting(0, days), days, folds=5, least_train=40))
    assert [len(split.train) for split in splits] == [40, 50, 60, 70, 80]
    assert [split.test.tolist() for split in splits] == [
        list(range(start, start + 10)) for start in (40, 50, 60, 70, 80)
    ]
    assert all(split.train[0] == 0 for split in splits)


def test_a_training_outcome_that_lasts_into_the_test_is_left_out():
    intervals = Intervals(
        session=DAYS[[0, 1, 2, 3, 3, 4]],
        entered=np.array([0, 10, 20, 30, 32, 40]),
        exited=np.array([5, 30, 29, 31, 45, 41]),
    )
    (split,) = walk_forward(intervals, DAYS[:5], folds=1, least_train=3)
    # The second outcome ends at the instant of the first test entry.
    assert (split.train.tolist(), split.test.tolist()) == ([0, 2], [3, 4, 5])


def test_there_is_no_embargo_by_default():
    (split, *_) = combinatorial(lasting(0), DAYS, blocks=3, tested=1)
    assert split.train.tolist() == [4, 5, 6, 7, 8, 9, 10, 11]


def test_as_many_sessions_as_blocks_are_enough():
    assert len(list(walk_forward(lasting(0), DAYS, folds=4, least_train=8))) == 4
    assert len(list(combinatorial(lasting(0), DAYS, blocks=12, tested=1))) == 12


def test_a_block_without_outcomes_purges_nothing():
    intervals = Intervals(DAYS[:2], np.array([0, 1]), np.array([99, 99]))
    (split,) = walk_forward(intervals, DAYS, folds=1, least_train=2)
    assert (split.train.tolist(), split.test.tolist()) == ([0, 1], [])
    assert split.tested[0].tolist() == DAYS[2:].tolist()


def test_no_training_interval_overlaps_that_of_a_test():
    generator = np.random.default_rng(1)
    row = np.sort(generator.integers(0, 12, 300))
    entered = row * 100 + generator.integers(0, 100, 300)
    intervals = Intervals(DAYS[row], entered, entered + generator.integers(0, 250, 300))
    for split in combinatorial(intervals, DAYS, blocks=6, tested=2, embargo=20):
        assert len(split.train) > 0
        for test in split.tests:
            first, end = entered[test].min(), intervals.exited[test].max()
            before = intervals.exited[split.train] < first
            assert (before | (entered[split.train] > end + 20)).all()


def test_a_day_of_the_session_clock_lasts_to_the_next_session():
    friday, monday = instant("2026-01-09", 20), instant("2026-01-12", 20)
    clock = session_clock(np.array([friday, monday, monday + 60_000]))
    assert np.diff(clock).tolist() == [DAY_MS, 60_000]
    with pytest.raises(ValueError, match="no session"):
        session_clock(np.array([instant("2026-01-10")]))


@pytest.mark.parametrize(("folds", "least_train"), [(0, 5), (5, 8)])
def test_too_few_sessions_for_a_walk_forward_are_refused(folds, least_train):
    with pytest.raises(ValueError, match="too few"):
        list(walk_forward(lasting(0), DAYS, folds=folds, least_train=least_train))


@pytest.mark.parametrize(("blocks", "tested"), [(3, 0), (3, 3), (13, 2)])
def test_impossible_combinations_are_refused(blocks, tested):
    with pytest.raises(ValueError, match="cannot be split"):
        list(combinatorial(lasting(0), DAYS, blocks=blocks, tested=tested))


def test_an_exit_before_the_entry_is_refused():
    with pytest.raises(ValueError, match="before its entry"):
        Intervals(DAYS[:1], np.array([5]), np.array([4]))
