"""Assignment of cancels to trades of one contract and day, from the stored rows alone.

A cancel takes a trade with its price, size and exchange. Which of several, its condition says by the first and the last
report of the contract (`quant.trades.reports`). Trades that are too small are not stored, so the first and last stored
row need not be the first and last report: a cancel's `first_report` and `last_report` name reports that were seen by
whoever sent the batch of the cancel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Final, NamedTuple

from quant.trades.conditions import MNEMONICS
from quant.trades.reports import ROLES, Role

ROLE_OF_NAME: Final = {MNEMONICS[condition]: role for condition, role in ROLES.items()}


class FlowRow(NamedTuple):
    """A stored trade or cancel, with the columns that the matching needs."""

    contract_ticker: str
    timestamp: int
    sequence_number: int
    price: float
    size: int
    exchange: str | None
    is_cancel: bool
    conditions: list[str] | None  # those of `ROLE_OF_NAME` at least
    canceled_by: int | None
    id: int
    first_report: int | None
    last_report: int | None

    @property
    def key(self) -> tuple[Any, ...]:
        return self.price, self.size, self.exchange

    @property
    def role(self) -> Role:
        if not self.conditions:
            return Role.REPORT
        return max(ROLE_OF_NAME.get(name, Role.REPORT) for name in self.conditions)


_IN_ORDER: Final = attrgetter("timestamp", "sequence_number")


class _Ends(NamedTuple):
    """First and last report before a cancel, None where it is no stored row or there is none."""

    first: FlowRow | None
    last: FlowRow | None
    is_first_small: bool  # the first report is not stored
    is_last_small: bool


def assign(rows: Iterable[FlowRow], minimum_size: int, *, is_whole_day: bool) -> dict[int, int] | None:
    """Return the sequence number of the cancel by id of each trade that is canceled.

    `rows` are those of one contract; trades of at least `minimum_size` contracts are always stored. If `is_whole_day`
    is False, they are the rows of a day from some time on, and the result is None where it depends on earlier rows.
    """
    reports = _Reports()
    taken: dict[int, int] = {}
    for row in sorted(rows, key=_IN_ORDER):
        if not row.is_cancel:
            reports.add(row)
            continue
        if not is_whole_day and not reports.decides(row):
            return None
        trade = reports.canceled_by(row, minimum_size)
        if trade is not None:
            reports.remove(trade)
            taken[trade.id] = row.sequence_number
    return taken


class _Reports:
    """Trades of one contract that are not canceled, in order."""

    def __init__(self) -> None:
        self._equal: dict[tuple[Any, ...], list[FlowRow]] = defaultdict(list)
        self._in_sequence: list[FlowRow] = []
        self._openings: list[FlowRow] = []
        self._seen: set[int] = set()  # sequence numbers of all trades, canceled ones too

    def add(self, row: FlowRow) -> None:
        self._seen.add(row.sequence_number)
        self._equal[row.key].append(row)
        for rows in self._lists(row.role):
            rows.append(row)

    def remove(self, row: FlowRow) -> None:
        self._equal[row.key].remove(row)
        for rows in self._lists(row.role):
            rows.remove(row)

    def _lists(self, role: Role) -> list[list[FlowRow]]:
        lists = [] if role in (Role.OUT_OF_SEQUENCE, Role.LATE_OPENING) else [self._in_sequence]
        return [*lists, self._openings] if role in (Role.LATE_OPENING, Role.OPENING) else lists

    def canceled_by(self, cancel: FlowRow, minimum_size: int) -> FlowRow | None:
        """Return the trade that a cancel takes back, or None.

        A cancel of the last, first or only report takes that one if it is equal. Else it takes the newest (last) or
        oldest equal trade, because an exchange may mean the reports of its own. It takes none if the report is too
        small to be stored and so is the trade that the cancel repeats.
        """
        equal = self._equal[cancel.key]
        first, last, is_first_small, is_last_small = self._ends(cancel)
        if cancel.role == Role.CANCELS_OTHER:
            return next((row for row in reversed(equal) if row is not first and row is not last), None)
        takes_first = cancel.role in (Role.CANCELS_FIRST, Role.CANCELS_ONLY)
        wanted, is_small = (first, is_first_small) if takes_first else (last, is_last_small)
        if wanted is not None and wanted.key == cancel.key:
            return wanted
        if not equal or (is_small and cancel.size < minimum_size):
            return None
        return equal[0 if takes_first else -1]

    def decides(self, cancel: FlowRow) -> bool:
        """Return whether trades before the known ones cannot change what a cancel takes back from the known ones."""
        if cancel.role in (Role.CANCELS_FIRST, Role.CANCELS_ONLY):
            return False
        equal = self._equal[cancel.key]
        if not equal:
            return True
        if not self._in_sequence:
            return False
        if cancel.role != Role.CANCELS_OTHER:
            return True
        oldest = self._in_sequence[0]
        is_older_known = cancel.first_report is not None and cancel.first_report < oldest.sequence_number
        return (
            bool(self._openings)
            or is_older_known
            or self.canceled_by(cancel, 0) is not None
            or oldest not in equal
        )

    def _ends(self, cancel: FlowRow) -> _Ends:
        oldest = self._in_sequence[0] if self._in_sequence else None
        newest = self._in_sequence[-1] if self._in_sequence else None
        is_last_small = self._is_small(cancel.last_report) and (
            newest is None or (cancel.last_report or 0) > newest.sequence_number
        )
        last = None if is_last_small else newest
        if self._openings:
            return _Ends(self._openings[-1], last, False, is_last_small)
        is_first_small = self._is_small(cancel.first_report) and (
            oldest is None or (cancel.first_report or 0) < oldest.sequence_number
        )
        return _Ends(None if is_first_small else oldest, last, is_first_small, is_last_small)

    def _is_small(self, report: int | None) -> bool:
        return report is not None and report not in self._seen
