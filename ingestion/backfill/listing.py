"""Which contracts of an underlying there were: asked of the provider once, some weeks of expirations at a time.

The ledger remembers the answer in a DONE run of each week. A week that is over is known for good; one that is not
is known as of its asking, and asked again when a later session wants it, because strikes are added until the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import NamedTuple

from ingestion.backfill.listed import Listed, joined, kept, listed, standard
from ingestion.bar_times import close_ms
from ingestion.massive import massive_client
from ingestion.slots import session_date
from provider.client import MassiveClient
from provider.reference import Contract
from quant import sessions
from warehouse import clock, runs
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus

_LIST_TASK = "list_contracts_"
_WEEK = timedelta(days=7)
_MOST_WEEKS = 256  # a week of SPX takes 0.7 MB
# Asked for together: a page has room for more than a week of most symbols. A kill costs the question in work.
_WEEKS_A_QUESTION = 8


class NotListedError(Exception):
    """The contracts of a week were never asked for."""


class Week(NamedTuple):
    """Expirations from `monday` to Sunday."""

    monday: date

    @property
    def task(self) -> str:
        return f"{_LIST_TASK}{self.monday:%G-W%V}"

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def known_ms(self, until: date) -> int:
        """As of when the list of this week must be known for sessions up to `until`; epoch ms."""
        return close_ms(_last_session(min(until, self.sunday)))


class Lists:
    """The ledger's lists, each read once: for whoever asks for one session after the other. Threads may share one, each
    with symbols of its own."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str, int], Listed] = {}
        self._changing = threading.Lock()
        self._newest: dict[str, dict[str, int]] = {}  # slot of the newest list by task, of each symbol

    def remembered_contracts(self, symbol: str, session: date, max_dte: int) -> Listed:
        """Contracts that may have traded in a session, up to `max_dte` days from expiration, from the ledger alone.

        Raises NotListedError where a week was never asked for.
        """
        weeks = list(_weeks(session, session + timedelta(days=max_dte)))
        slots = _known(self._newest.get(symbol, {}), weeks, session)
        if len(slots) < len(weeks):
            self._newest[symbol] = _newest(symbol)
            slots = _known(self._newest[symbol], weeks, session)
        for week in weeks:
            if week not in slots:
                raise NotListedError(
                    f"the contracts of {symbol} that expire from {week.monday} on were not listed yet"
                )
        known = [self.of_week(symbol, week, slots[week]) for week in weeks]
        return joined(known, session, session + timedelta(days=max_dte))

    def of_week(self, symbol: str, week: Week, slot: int) -> Listed:
        """The list of one week that the ledger has under `slot` (epoch ms)."""
        if (known := self._read.get((week.task, symbol, slot))) is not None:
            return known
        # What is DONE stays as it is: reading it again would give the same.
        result = IngestionRun.objects.values_list("result", flat=True).get(
            task=week.task, symbol=symbol, slot=slot
        )
        return self.note(symbol, week, slot, listed(result))

    def note(self, symbol: str, week: Week, slot: int, found: Listed) -> Listed:
        """Keeps what the ledger has under `slot`, in place of reading it; `found` itself."""
        with self._changing:
            while len(self._read) >= _MOST_WEEKS:
                self._read.pop(next(iter(self._read)))
            self._read[week.task, symbol, slot] = found
        return found


def listed_contracts(
    symbol: str,
    first: date,
    last: date,
    max_dte: int,
    connect: Callable[[], AbstractContextManager[MassiveClient]] = massive_client,
    lists: Lists | None = None,
) -> Listed:
    """Contracts that may have traded in the sessions from `first` to `last`, up to `max_dte` days from expiration.

    Weeks the ledger knows cost no request. `lists` remembers them afterwards. Raises
    one of provider.errors where the provider fails. Not inside a transaction.
    """
    until = last + timedelta(days=max_dte)
    weeks, requests = list(_weeks(first, until)), 0
    slots = _known(_newest(symbol), weeks, min(last, _last_closed()))
    lists = lists or Lists()
    known = {week: lists.of_week(symbol, week, slot) for week, slot in slots.items()}
    missing = [week for week in weeks if week not in slots]
    if missing:
        with connect() as client:
            for question in _questions(missing):
                found, asked = _ask(client, symbol, question, lists)
                known |= found
                requests += asked
    return joined([known[week] for week in weeks], first, until, requests)


def _weeks(first: date, last: date) -> Iterator[Week]:
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield Week(monday)
        monday += _WEEK


def _newest(symbol: str) -> dict[str, int]:
    found = IngestionRun.objects.filter(
        task__startswith=_LIST_TASK, symbol=symbol, status=RunStatus.DONE
    ).order_by("slot")
    return dict(found.values_list("task", "slot"))


def _known(newest: Mapping[str, int], weeks: Sequence[Week], until: date) -> dict[Week, int]:
    """The weeks whose list is known as of `until` or later, each with the slot of the newest."""
    return {
        week: newest[week.task]
        for week in weeks
        if week.task in newest and newest[week.task] >= week.known_ms(until)
    }


class _Question(NamedTuple):
    """Weeks that follow each other, and in which of the provider's two lists their contracts may stand."""

    weeks: list[Week]
    expired: tuple[bool, ...]


def _questions(weeks: Sequence[Week]) -> list[_Question]:
    """As few as the provider's lists allow, in order."""
    today = session_date(clock.now())
    found: list[_Question] = []
    for week in weeks:
        # Around the day of expiration a contract may stand in either list; the others need one question only.
        possible = ((True, week.monday <= today), (False, week.sunday >= today - timedelta(days=1)))
        expired = tuple(which for which, is_possible in possible if is_possible)
        last = found[-1] if found else _Question([], ())
        follows = bool(last.weeks) and week.monday - last.weeks[-1].monday == _WEEK
        if follows and expired == last.expired and len(last.weeks) < _WEEKS_A_QUESTION:
            last.weeks.append(week)
        else:
            found.append(_Question([week], expired))
    return found


def _ask(
    client: MassiveClient, symbol: str, question: _Question, lists: Lists
) -> tuple[dict[Week, Listed], int]:
    """Asks for some weeks and has the ledger and `lists` remember them; the answer and the requests it took."""
    first, last = question.weeks[0], question.weeks[-1]
    rows: dict[Week, list[Contract]] = {week: [] for week in question.weeks}
    asked = 0
    for expired in question.expired:
        pages = client.contracts(
            symbol,
            expired=expired,
            expiration_date_gte=first.monday,
            expiration_date_lte=last.sunday,
        )
        asked += pages.pages
        for row in pages.rows:
            place = (row.expiration_date - first.monday).days // 7
            rows[question.weeks[min(max(place, 0), len(rows) - 1)]].append(row)
    return {week: _note(symbol, week, of_week, lists) for week, of_week in rows.items()}, asked


def _note(symbol: str, week: Week, rows: list[Contract], lists: Lists) -> Listed:
    found, slot = standard(rows), week.known_ms(_last_closed())
    result = kept(found)
    # Not claimed: whoever asks at the same time notes the same, and the first to do so is kept.
    runs.note_done(week.task, [runs.Done(symbol, slot, 0, result["rejected"], result, len(rows))])
    return lists.note(symbol, week, slot, found)


def _last_session(day: date) -> date:
    """The day itself where it is a session, else the last one before it."""
    return sessions.previous_session(day + timedelta(days=1))


def _last_closed() -> date:
    now = clock.now()
    last = _last_session(session_date(now))
    return last if sessions.close_of(last) <= now else sessions.previous_session(last)
