"""Splits of outcomes into training and test, without outcomes of which both know a part.

A training outcome is left out where its interval from entry to exit overlaps that of a test block, which lasts from its
first entry to its largest exit (purge), and where it is entered after that exit but within the embargo. Source: López
de Prado 2018, chapters 7 and 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from backtest.report.returns import Dates
from quant.chain import Bools
from quant.market.paths import Ints
from quant.sessions import DAY_MS, session_numbers
from warehouse.asof.rows import Times


@dataclass(frozen=True, slots=True)
class Intervals:
    """Outcomes to be split: the session that each belongs to, and its entry and exit, arrays of shape (n,).

    `entered` and `exited` are whole numbers in one unit, that of the embargo: epoch ms, or `session_clock` of them.
    """

    session: Dates
    entered: Times
    exited: Times

    def __post_init__(self) -> None:
        if (self.exited < self.entered).any():
            raise ValueError("an outcome must not end before its entry")


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of the outcomes of the training and of each test block; `tested` holds the sessions of the blocks."""

    train: Ints
    tests: tuple[Ints, ...]
    tested: tuple[Dates, ...]

    @property
    def test(self) -> Ints:
        """Rows of the outcomes of all test blocks."""
        return np.concatenate(self.tests)


def session_clock(instants: Times) -> Times:
    """Return instants of sessions on a clock on which the next session is always one day later, in milliseconds.

    An embargo of `DAY_MS` on this clock lasts until the same time of the next session. `instants` are epoch ms, shape
    (n,). Raises ValueError for a day without a session.
    """
    days = (instants // DAY_MS).astype("datetime64[D]")
    return session_numbers(days) * DAY_MS + instants % DAY_MS


def walk_forward(
    outcomes: Intervals, sessions: Dates, *, folds: int, least_train: int, embargo: int = 0
) -> Iterator[Split]:
    """Yield anchored splits: each trains on all sessions before its test block.

    `sessions` are the sessions with data, ascending, shape (d,). The first `least_train` of them are never tested; the
    others are cut into `folds` consecutive blocks of nearly equal length. Raises ValueError if there are too few.
    """
    if folds < 1 or len(sessions) < least_train + folds:
        raise ValueError(
            f"{len(sessions)} sessions are too few for {folds} tests after {least_train} sessions"
        )
    for block in np.array_split(sessions[least_train:], folds):
        before = outcomes.session < block[0]
        yield _split(outcomes, before, (block,), embargo)


def combinatorial(
    outcomes: Intervals, sessions: Dates, *, blocks: int, tested: int, embargo: int = 0
) -> Iterator[Split]:
    """Yield a split for each choice of `tested` of the `blocks` of sessions, in the order of `combinations`.

    `sessions` as in `walk_forward`, cut into consecutive blocks of nearly equal length. Training sessions lie before,
    between and after the test blocks. Raises ValueError for fewer sessions than blocks or nothing to train on.
    """
    if not 0 < tested < blocks or len(sessions) < blocks:
        raise ValueError(
            f"{len(sessions)} sessions cannot be split into {blocks} blocks with {tested} tested"
        )
    parts = np.array_split(sessions, blocks)
    for chosen in combinations(range(blocks), tested):
        picked = tuple(parts[block] for block in chosen)
        yield _split(outcomes, ~np.isin(outcomes.session, np.concatenate(picked)), picked, embargo)


def path_count(blocks: int, tested: int) -> int:
    """Return how many paths through all blocks the tests of all combinatorial splits make."""
    return comb(blocks - 1, tested - 1)


def paths(blocks: int, tested: int) -> Ints:
    """Return the split whose test of each block belongs to each path, shape (paths, blocks).

    The first test of each block makes the first path, the second ones the second path, and so on.
    """
    chosen = list(combinations(range(blocks), tested))
    return np.array(
        [[number for number, picked in enumerate(chosen) if block in picked] for block in range(blocks)]
    ).T


def _split(outcomes: Intervals, may_train: Bools, tested: Sequence[Dates], embargo: int) -> Split:
    tests = []
    train = may_train.copy()
    for block in tested:
        inside = np.isin(outcomes.session, block)
        tests.append(np.flatnonzero(inside))
        if inside.any():
            first, last = outcomes.entered[inside].min(), outcomes.exited[inside].max()
            train &= (outcomes.exited < first) | (outcomes.entered > last + embargo)
    return Split(np.flatnonzero(train), tuple(tests), tuple(tested))
