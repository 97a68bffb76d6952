"""First and last report of a contract before each cancel, by OPRA's definitions of the sale conditions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.trades.reports import UNKNOWN, Reports, reports_before_cancels

CANC, OSEQ, CNCL, LATE, CNCO, OPEN, CNOL, OPNL, AUTO = range(201, 210)


def reports_of(*conditions: int, **state: np.ndarray) -> Reports:
    """Return the reports of one contract, numbered from 1."""
    numbers = np.arange(1, len(conditions) + 1)
    return reports_before_cancels(
        np.zeros(len(numbers), dtype=np.int64), numbers * 1000, numbers, conditions, **state
    )


def ends(*conditions: int) -> tuple[int | None, int | None]:
    """Return first and last report before the last trade."""
    found = reports_of(*conditions)
    return tuple(None if end == UNKNOWN else int(end) for end in (found.first[-1], found.last[-1]))


@pytest.mark.parametrize(
    ("before", "first_and_last"),
    [
        ([], (None, None)),
        ([AUTO], (1, 1)),
        ([AUTO, AUTO, AUTO], (1, 3)),
        ([AUTO, OSEQ], (1, 1)),
        ([OSEQ], (None, None)),
        ([AUTO, LATE], (1, 2)),
        ([AUTO, AUTO, OPEN], (3, 2)),
        ([AUTO, OPNL], (2, 2)),
        ([OPNL, AUTO], (1, 2)),
        ([AUTO, AUTO, CANC], (1, 2)),
        ([AUTO, AUTO, CNCL], (1, 1)),
        ([AUTO, AUTO, CNCL, AUTO], (1, 4)),
        ([AUTO, AUTO, CNCO], (2, 2)),
        ([AUTO, AUTO, OPEN, CNCO], (1, 2)),
        ([AUTO, OPNL, CNCL], (1, 1)),
        ([AUTO, CNOL], (None, None)),
        ([CNCL, CNCO, AUTO], (3, 3)),
    ],
)
def test_first_and_last_report_before_a_cancel(before, first_and_last):
    assert ends(*before, CANC) == first_and_last


def test_trades_that_are_no_cancels_have_no_reports():
    found = reports_of(AUTO, AUTO, CANC)
    assert found.first.tolist() == [UNKNOWN, UNKNOWN, 1]
    assert found.last.tolist() == [UNKNOWN, UNKNOWN, 2]


def test_the_state_continues_in_the_next_batch():
    state = reports_of(AUTO, AUTO)
    assert (state.first_of_contract.tolist(), state.last_of_contract.tolist()) == ([1], [2])
    numbers = np.array([7, 8, 9])
    following = reports_before_cancels(
        np.zeros(3, dtype=np.int64),
        numbers * 1000,
        numbers,
        [CANC, AUTO, CNCL],
        state.first_of_contract,
        state.last_of_contract,
    )
    assert (following.first.tolist(), following.last.tolist()) == ([1, UNKNOWN, 1], [2, UNKNOWN, 8])
    assert (following.first_of_contract.tolist(), following.last_of_contract.tolist()) == ([1], [2])
    assert (state.first_of_contract.tolist(), state.last_of_contract.tolist()) == ([1], [2])


def test_a_late_opening_stays_the_first_report_in_the_next_batch():
    state = reports_of(AUTO, AUTO, OPEN)
    following = reports_before_cancels(
        np.zeros(2, dtype=np.int64), np.array([8, 9]), np.array([8, 9]), [CNCO, CANC], *state[2:]
    )
    assert (following.first.tolist(), following.last.tolist()) == ([3, 2], [2, 2])


def test_several_conditions_count_together():
    conditions = np.array([[AUTO, 0], [AUTO, OSEQ], [209, CANC]])
    numbers = np.arange(1, 4)
    found = reports_before_cancels(np.zeros(3, dtype=np.int64), numbers, numbers, conditions)
    assert (found.first.tolist()[2], found.last.tolist()[2]) == (1, 1)


def test_no_trades_give_empty_columns():
    nothing = np.empty(0, dtype=np.int64)
    found = reports_before_cancels(nothing, nothing, nothing, nothing, np.array([5]), np.array([6]))
    assert [column.tolist() for column in found] == [[], [], [5], [6]]


trades = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([AUTO, OSEQ, LATE, OPEN, OPNL, CANC, CNCL, CNCO, CNOL])),
    max_size=25,
)


@given(trades, st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_reports_of_the_definitions(listed, random):
    """Compared with a search over all earlier trades for each cancel."""
    contract, condition = (np.array([row[place] for row in listed], dtype=np.int64) for place in (0, 1))
    numbers = np.arange(1, len(listed) + 1)
    order = np.array(random.sample(range(len(listed)), len(listed)), dtype=np.intp)
    found = reports_before_cancels(contract[order], numbers[order] * 10, numbers[order], condition[order])
    expected = by_search(listed)
    for row, number in enumerate(numbers[order].tolist()):
        assert (int(found.first[row]), int(found.last[row])) == expected[number - 1]


def by_search(listed: list[tuple[int, int]]) -> list[tuple[int, int]]:
    gone: set[int] = set()
    answer = []
    for number, (contract, condition) in enumerate(listed, 1):
        alive = [
            (earlier, kind)
            for earlier, (other, kind) in enumerate(listed[: number - 1], 1)
            if other == contract and earlier not in gone and kind not in (CANC, CNCL, CNCO, CNOL)
        ]
        regular = [earlier for earlier, kind in alive if kind not in (OSEQ, OPEN)]
        openings = [earlier for earlier, kind in alive if kind in (OPEN, OPNL)]
        first = openings[-1] if openings else regular[0] if regular else UNKNOWN
        last = regular[-1] if regular else UNKNOWN
        is_cancel = condition in (CANC, CNCL, CNCO, CNOL)
        answer.append((first, last) if is_cancel else (UNKNOWN, UNKNOWN))
        if condition in (OPEN, OPNL):  # the opening trade replaces what was taken for it before
            listed = [
                (other, AUTO if kind == OPNL and other == contract and earlier < number else kind)
                for earlier, (other, kind) in enumerate(listed, 1)
            ]
            gone |= {
                earlier for earlier, (other, kind) in enumerate(listed[: number - 1], 1)
                if other == contract and kind == OPEN
            }  # fmt: skip
        gone |= {CNCL: {last}, CNCO: {first}, CNOL: {earlier for earlier, _ in alive}}.get(condition, set())
    return answer
