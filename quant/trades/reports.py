"""First and last report of a contract before each cancel, which decide what the cancel takes back.

OPRA defines the sale conditions of cancels and late trades by the sequence of reports of one contract in one session:

    201 CANC  cancels a trade that is neither the first nor the last report
    203 CNCL  cancels the last report
    205 CNCO  cancels the first report, the opening trade
    207 CNOL  cancels the only report
    202 OSEQ  is late and out of sequence: neither the first nor the last report
    204 LATE  is late and in sequence: a report like any other
    206 OPEN  is the opening trade, late and out of sequence: the first report, not the last
    208 OPNL  is the opening trade, late and in sequence
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Whole = NDArray[np.int64]

UNKNOWN: Final = int(np.iinfo(np.int64).min)  # instead of the sequence number of a report


class Role(IntEnum):
    """Meaning of a trade's conditions for the sequence of reports. Of several conditions the largest value counts."""

    REPORT = 0
    OUT_OF_SEQUENCE = 1
    LATE_OPENING = 2  # out of sequence
    OPENING = 3  # in sequence
    CANCELS_OTHER = 4
    CANCELS_LAST = 5
    CANCELS_FIRST = 6
    CANCELS_ONLY = 7


ROLES: Final = {
    201: Role.CANCELS_OTHER,
    202: Role.OUT_OF_SEQUENCE,
    203: Role.CANCELS_LAST,
    205: Role.CANCELS_FIRST,
    206: Role.LATE_OPENING,
    207: Role.CANCELS_ONLY,
    208: Role.OPENING,
}
_TABLE: Final = np.zeros(256, dtype=np.int64)
_TABLE[list(ROLES)] = list(ROLES.values())


class Reports(NamedTuple):
    """Sequence numbers of reports, `UNKNOWN` where no report was seen.

    `first` and `last`, shape (n,), are those before each cancel, and `UNKNOWN` for other trades. They are bounds: the
    contract's first report is this one or an earlier one that was not seen, its last one is this or a later one. The
    state after the trades, by contract number, is in `first_of_contract` and `last_of_contract`, shape (k,).
    """

    first: Whole
    last: Whole
    first_of_contract: Whole
    last_of_contract: Whole


def roles(conditions: ArrayLike) -> Whole:
    """Return the `Role` of each trade, shape (n,), from condition ids of shape (n,) or (n, k); 0 pads."""
    ids = np.asarray(conditions, dtype=np.int64)
    found: Whole = _TABLE[np.where((ids >= 0) & (ids < len(_TABLE)), ids, 0)]
    return found if found.ndim == 1 else np.maximum.reduce(found, axis=1)


def reports_before_cancels(
    contract: Whole,
    timestamp: Whole,
    sequence_number: Whole,
    conditions: ArrayLike,
    first_of_contract: Whole | None = None,
    last_of_contract: Whole | None = None,
) -> Reports:
    """Return the first and the last report of its contract before each cancel; arrays of shape (n,), in any order.

    `contract` is a number from 0 for each contract, `timestamp` epoch ms; reports are ordered by time and sequence
    number. Reports that were canceled are left out. `first_of_contract` and `last_of_contract`, shape (k,), are the
    state after earlier trades of the session, by default that nothing was seen; they are not changed.
    """
    count = int(contract.max(initial=-1)) + 1
    first, last = (
        np.full(count, UNKNOWN) if state is None else state.copy()
        for state in (first_of_contract, last_of_contract)
    )
    role = roles(conditions)
    before_first, before_last = np.full(len(contract), UNKNOWN), np.full(len(contract), UNKNOWN)
    has_cancel = np.zeros(len(first), dtype=np.bool_)
    has_cancel[contract[role >= Role.CANCELS_OTHER]] = True
    order = np.lexsort((sequence_number, timestamp, contract))
    follows = has_cancel[contract[order]]
    _note_reports(contract, sequence_number, role, order[~follows], first, last)
    rows = order[follows]
    for together in np.split(rows, np.flatnonzero(np.diff(contract[rows])) + 1) if len(rows) else ():
        number = contract[together[0]]
        sequence = _Sequence(int(first[number]), int(last[number]))
        for row, kind in zip(together.tolist(), role[together].tolist(), strict=True):
            if kind >= Role.CANCELS_OTHER:
                before_first[row], before_last[row] = sequence.first, sequence.last
            sequence.add(int(sequence_number[row]), kind)
        first[number], last[number] = sequence.first, sequence.last
    return Reports(before_first, before_last, first, last)


def _note_reports(
    contract: Whole, number: Whole, role: Whole, rows: NDArray[np.intp], first: Whole, last: Whole
) -> None:
    """Set the state of contracts without cancels; `rows` are ordered, and of equal indices the last one counts."""
    in_sequence = rows[(role[rows] != Role.OUT_OF_SEQUENCE) & (role[rows] != Role.LATE_OPENING)]
    last[contract[in_sequence]] = number[in_sequence]
    new = in_sequence[first[contract[in_sequence]] == UNKNOWN][::-1]
    first[contract[new]] = number[new]
    opening = rows[(role[rows] == Role.LATE_OPENING) | (role[rows] == Role.OPENING)]
    first[contract[opening]] = number[opening]


class _Sequence:
    """Reports of one contract that are not canceled, as far as they are known."""

    def __init__(self, first: int, last: int) -> None:
        self._opening: int | None = first if first > last != UNKNOWN else None
        known = (last,) if self._opening is not None else dict.fromkeys((first, last))
        self._reports = [number for number in known if number != UNKNOWN]  # in sequence

    @property
    def first(self) -> int:
        if self._opening is not None:
            return self._opening
        return self._reports[0] if self._reports else UNKNOWN

    @property
    def last(self) -> int:
        return self._reports[-1] if self._reports else UNKNOWN

    def add(self, number: int, role: int) -> None:
        if role in (Role.LATE_OPENING, Role.OPENING):
            self._opening = number
        if role in (Role.REPORT, Role.OPENING):
            self._reports.append(number)
        elif role == Role.CANCELS_LAST and self._reports:
            self._remove(self._reports[-1])
        elif role == Role.CANCELS_FIRST and self.first != UNKNOWN:
            self._remove(self.first)
        elif role == Role.CANCELS_ONLY:
            self._reports, self._opening = [], None

    def _remove(self, number: int) -> None:
        self._opening = None if self._opening == number else self._opening
        if number in self._reports:
            self._reports.remove(number)
