"""Cash dividends and splits of stocks and ETFs, of the table `corporate_actions`.

An action is read as known at an instant: neither one that was declared later nor one that the provider had withdrawn
by then, and with the values it had before a later correction. Indices have none. Values are of the shares of their
time.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from quant import sessions
from warehouse import clock
from warehouse.models.enums import ActionKind

LONGEST_CLOSURE = dt.timedelta(days=10)  # an ex-date that is no session counts at the next session

_ANY_DIVIDEND = """
SELECT EXISTS (SELECT FROM corporate_actions WHERE symbol = %(symbol)s AND kind = %(kind)s)
"""
_PRESENT = """
SELECT symbol, ex_date, cash_amount::double precision, split_to / split_from,
       coalesce(computed_at, known_at), coalesce(withdrawn_at, 9223372036854775807)
FROM corporate_actions
WHERE symbol = ANY(%(symbols)s) AND kind = %(kind)s AND ex_date BETWEEN %(first)s AND %(last)s
"""
_CORRECTED = """
SELECT row ->> 'symbol', (row ->> 'ex_date')::date, (row ->> 'cash_amount')::double precision,
       (row ->> 'split_to')::double precision / (row ->> 'split_from')::double precision,
       known_at, least(superseded_at, coalesce((row ->> 'withdrawn_at')::bigint, 9223372036854775807))
FROM superseded_rows
WHERE table_name = 'corporate_actions' AND row ->> 'symbol' = ANY(%(symbols)s) AND row ->> 'kind' = %(kind)s
  AND (row ->> 'ex_date')::date BETWEEN %(first)s AND %(last)s
"""


class _Version(NamedTuple):
    """An action as it was known from `valid_from` until `valid_until`, epoch ms."""

    symbol: str
    ex_date: dt.date
    cash: float | None
    shares: float | None
    valid_from: int
    valid_until: int


class Split(NamedTuple):
    """One split: from the New York day `ex_date` on, an old share is `shares` new ones.

    It was known from `known_at` until `withdrawn_at`, epoch ms.
    """

    ex_date: dt.date
    shares: float
    known_at: int
    withdrawn_at: int

    def is_in_effect(self, at_ms: int) -> bool:
        """Return whether it was known and in effect at an instant."""
        return self.is_known(at_ms) and self.ex_date <= sessions.new_york_date(clock.instant(at_ms))

    def is_known(self, at_ms: int) -> bool:
        """Return whether it was known at an instant, in effect or announced."""
        return self.known_at <= at_ms < self.withdrawn_at


def dividends(symbol: str, at_ms: int) -> tuple[tuple[int, float], ...]:
    """Return the dividends that were declared by `at_ms` and go ex after it, ascending: ex instant, dollars per share.

    The ex instant, in epoch ms, is the start of the ex-date in New York, or of the next session where the ex-date is
    none: who holds the share at the end of the day before receives the dividend. Dividends of one ex-date are added up.
    """
    first = sessions.new_york_date(clock.instant(at_ms)) - LONGEST_CLOSURE
    amounts: defaultdict[int, float] = defaultdict(float)
    for version in _versions([symbol], ActionKind.CASH_DIVIDEND, first, dt.date.max):
        if version.valid_from <= at_ms < version.valid_until:
            amounts[_ex_ms(version.ex_date)] += version.cash or 0.0
    return tuple((ex_ms, amount) for ex_ms, amount in sorted(amounts.items()) if ex_ms > at_ms)


def has_dividends(symbol: str) -> bool:
    """Return whether any dividend of a symbol is stored."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DIVIDEND, {"symbol": symbol, "kind": ActionKind.CASH_DIVIDEND.value})
        return bool(cursor.fetchone()[0])


def splits(symbol: str, first_day: dt.date, last_day: dt.date, at_ms: int) -> tuple[Split, ...]:
    """Return the splits known at `at_ms` with ex-dates from `first_day` to `last_day`, both included, ascending."""
    found = splits_of([symbol], first_day, last_day).get(symbol, ())
    return tuple(split for split in found if split.is_known(at_ms))


def splits_of(symbols: Sequence[str], first_day: dt.date, last_day: dt.date) -> dict[str, tuple[Split, ...]]:
    """Return the splits of several stocks that were known at any time, ascending; a stock without any is absent."""
    found: defaultdict[str, list[Split]] = defaultdict(list)
    for one in _versions(symbols, ActionKind.SPLIT, first_day, last_day):
        if one.shares is not None:
            found[one.symbol].append(Split(one.ex_date, one.shares, one.valid_from, one.valid_until))
    return {symbol: tuple(sorted(actions)) for symbol, actions in found.items()}


def _versions(symbols: Sequence[str], kind: ActionKind, first: dt.date, last: dt.date) -> list[_Version]:
    """Return the present rows with ex-dates from `first` to `last`, and the earlier versions of those corrected."""
    wanted: dict[str, Any] = {"symbols": list(symbols), "kind": kind.value, "first": first, "last": last}
    found: list[_Version] = []
    with connection.cursor() as cursor:
        for statement in (_PRESENT, _CORRECTED):
            cursor.execute(statement, wanted)
            found += [_Version(*row) for row in cursor.fetchall()]
    return found


def _ex_ms(ex_date: dt.date) -> int:
    day = sessions.next_session(ex_date - dt.timedelta(days=1))
    return clock.epoch_ms(dt.datetime.combine(day, dt.time(tzinfo=sessions.NEW_YORK)))
