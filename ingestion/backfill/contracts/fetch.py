"""Which contracts of an underlying there were: asked of the provider once, some weeks of expirations at a time, and
remembered by the ledger week by week (`lists`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from ingestion.backfill.contracts.cache import (
    ONE_WEEK,
    Remembered,
    Week,
    known_weeks,
    last_session,
    read_weeks,
    remembered,
    weeks_of,
)
from ingestion.backfill.contracts.table import Listed, kept, standard
from ingestion.provider_client import massive_client
from provider.client import MassiveClient
from provider.connection import Connect
from provider.reference import Contract
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock, runs

# Asked for together: a page has room for more than a week of most symbols. A kill costs the question in work.
_WEEKS_A_QUESTION = 8


def listed_contracts(
    symbol: str,
    first: date,
    last: date,
    max_dte: int,
    now_ms: int,
    connect: Connect = massive_client,
) -> Remembered:
    """Contracts among which are all that may have traded in the sessions from `first` to `last`, up to `max_dte` days
    from expiration: those of all weeks that hold such an expiration.

    Weeks the ledger knows cost no request. Raises one of provider.errors where the provider fails. Not inside a
    transaction.
    """
    weeks = list(weeks_of(first, last + timedelta(days=max_dte)))
    slots = known_weeks(symbol, weeks, min(last, _last_closed(now_ms)))
    found = read_weeks(symbol, slots)
    if missing := [week for week in weeks if week not in slots]:
        with connect() as client:
            for question in _questions(missing, now_ms):
                for week, rows in _asked(client, symbol, question).items():
                    slots[week], found[week] = _note(symbol, week, rows, now_ms)
    return remembered(slots, found)


class _Question(NamedTuple):
    """Weeks that follow each other, and in which of the provider's two lists their contracts may stand."""

    weeks: list[Week]
    expired: tuple[bool, ...]


def _questions(weeks: Sequence[Week], now_ms: int) -> list[_Question]:
    """As few as the provider's lists allow, in order."""
    today = new_york_date(clock.instant(now_ms))
    found: list[_Question] = []
    for week in weeks:
        # Around the day of expiration a contract may stand in either list; the others need one question only.
        possible = ((True, week.monday <= today), (False, week.sunday >= today - timedelta(days=1)))
        expired = tuple(which for which, is_possible in possible if is_possible)
        last = found[-1] if found else _Question([], ())
        follows = bool(last.weeks) and week.monday - last.weeks[-1].monday == ONE_WEEK
        if follows and expired == last.expired and len(last.weeks) < _WEEKS_A_QUESTION:
            last.weeks.append(week)
        else:
            found.append(_Question([week], expired))
    return found


def _asked(client: MassiveClient, symbol: str, question: _Question) -> dict[Week, list[Contract]]:
    first, last = question.weeks[0], question.weeks[-1]
    rows: dict[Week, list[Contract]] = {week: [] for week in question.weeks}
    by_day: defaultdict[date, list[Contract]] = defaultdict(list)
    for expired in question.expired:
        answer = client.contracts(
            symbol,
            expired=expired,
            expiration_date_gte=first.monday,
            expiration_date_lte=last.sunday,
        )
        for row in answer.rows:
            by_day[row.expiration_date].append(row)
    for day, of_day in by_day.items():
        place = (day - first.monday).days // 7
        rows[question.weeks[min(max(place, 0), len(rows) - 1)]] += of_day
    return rows


def _note(symbol: str, week: Week, rows: list[Contract], now_ms: int) -> tuple[int, Listed]:
    """Has the ledger remember a week; under which slot, and what."""
    found, slot = standard(rows), week.known_ms(_last_closed(now_ms))
    result = kept(found)
    # Not claimed: whoever asks at the same time notes the same, and the first to do so is kept.
    runs.note_done(week.task, [runs.Done(symbol, slot, 0, result["rejected"], result, len(rows))])
    return slot, found


def _last_closed(now_ms: int) -> date:
    now = clock.instant(now_ms)
    last = last_session(new_york_date(now))
    return last if sessions.close_of(last) <= now else sessions.previous_session(last)
