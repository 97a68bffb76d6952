"""Cash dividends and splits of stocks and ETFs, of the table `corporate_actions`.

An action is read as known at an instant: neither one that was declared later nor one that the provider had withdrawn
by then. Indices have none. Values are of the shares of their time.
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

_DIVIDENDS = """
SELECT ex_date, cash_amount::double precision FROM corporate_actions
WHERE symbol = %(symbol)s AND kind = %(kind)s AND ex_date >= %(first)s
  AND known_at <= %(at)s AND (withdrawn_at IS NULL OR withdrawn_at > %(at)s)
"""
_SPLITS = """
SELECT symbol, ex_date, split_to / split_from, known_at, coalesce(withdrawn_at, 9223372036854775807)
FROM corporate_actions
WHERE symbol = ANY(%(symbols)s) AND kind = %(kind)s AND ex_date BETWEEN %(first)s AND %(last)s
"""


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
    wanted: dict[str, Any] = {
        "symbol": symbol,
        "kind": ActionKind.CASH_DIVIDEND.value,
        "first": first,
        "at": at_ms,
    }
    amounts: defaultdict[int, float] = defaultdict(float)
    with connection.cursor() as cursor:
        cursor.execute(_DIVIDENDS, wanted)
        for ex_date, amount in cursor.fetchall():
            amounts[_ex_ms(ex_date)] += amount
    return tuple((ex_ms, amount) for ex_ms, amount in sorted(amounts.items()) if ex_ms > at_ms)


def splits(symbol: str, first_day: dt.date, last_day: dt.date, at_ms: int) -> tuple[Split, ...]:
    """Return the splits known at `at_ms` with ex-dates from `first_day` to `last_day`, both included, ascending."""
    found = splits_of([symbol], first_day, last_day).get(symbol, ())
    return tuple(split for split in found if split.is_known(at_ms))


def splits_of(symbols: Sequence[str], first_day: dt.date, last_day: dt.date) -> dict[str, tuple[Split, ...]]:
    """Return the splits of several stocks that were known at any time, ascending; a stock without any is absent."""
    wanted: dict[str, Any] = {"symbols": list(symbols), "first": first_day, "last": last_day}
    found: defaultdict[str, list[Split]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SPLITS, wanted | {"kind": ActionKind.SPLIT.value})
        for symbol, *split in cursor.fetchall():
            found[symbol].append(Split(*split))
    return {symbol: tuple(sorted(actions)) for symbol, actions in found.items()}


def _ex_ms(ex_date: dt.date) -> int:
    day = sessions.next_session(ex_date - dt.timedelta(days=1))
    return clock.epoch_ms(dt.datetime.combine(day, dt.time(tzinfo=sessions.NEW_YORK)))
