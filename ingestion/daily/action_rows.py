"""Rows of `corporate_actions` from the provider's lists of dividends and splits, and the storing of a whole list."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from provider.reference import Dividend, Split
from quant import sessions
from warehouse import clock
from warehouse.models.enums import ActionKind, Source

_CURRENCY = "USD"
_TYPES = {"recurring": "CD", "special": "SC"}  # the newer list's words for the types of the former one
_FIRST_DAY, _LAST_DAY = dt.date(1990, 1, 3), dt.date(2099, 12, 31)  # of the exchange calendar

_STORE = """
INSERT INTO corporate_actions AS stored (symbol, kind, ex_date, cash_amount, split_from, split_to, declaration_date,
    pay_date, dividend_type, source, fetched_at, known_at)
SELECT symbol, %(kind)s, ex_date, cash_amount, split_from, split_to, declaration_date, pay_date, dividend_type,
    %(source)s, warehouse_now_ms(), least(known_ms, warehouse_known_ms())
FROM unnest(%(symbol)s::text[], %(ex_date)s::date[], %(cash_amount)s::numeric[], %(split_from)s::double precision[],
    %(split_to)s::double precision[], %(declaration_date)s::date[], %(pay_date)s::date[], %(dividend_type)s::text[],
    %(known_ms)s::bigint[])
    AS listed (symbol, ex_date, cash_amount, split_from, split_to, declaration_date, pay_date, dividend_type, known_ms)
ORDER BY symbol COLLATE "C", ex_date
ON CONFLICT (symbol, kind, ex_date) DO UPDATE
SET cash_amount = excluded.cash_amount, split_from = excluded.split_from, split_to = excluded.split_to,
    declaration_date = excluded.declaration_date, pay_date = excluded.pay_date,
    dividend_type = excluded.dividend_type, fetched_at = excluded.fetched_at, withdrawn_at = NULL
WHERE (stored.cash_amount, stored.split_from, stored.split_to, stored.declaration_date, stored.pay_date,
       stored.dividend_type, stored.withdrawn_at)
    IS DISTINCT FROM (excluded.cash_amount, excluded.split_from, excluded.split_to, excluded.declaration_date,
                      excluded.pay_date, excluded.dividend_type, NULL)
RETURNING computed_at IS NULL
"""
_WITHDRAW = """
UPDATE corporate_actions AS stored SET withdrawn_at = warehouse_known_ms()
WHERE kind = %(kind)s AND (%(of)s = '' OR symbol = %(of)s) AND ex_date >= %(today)s AND withdrawn_at IS NULL
  AND NOT EXISTS (
      SELECT FROM unnest(%(symbol)s::text[], %(ex_date)s::date[]) AS listed (symbol, ex_date)
      WHERE listed.symbol = stored.symbol AND listed.ex_date = stored.ex_date
  )
"""


@dataclass(frozen=True, slots=True)
class Action:
    """The splits or dividends of one stock on one ex-date. Amounts are dollars per share."""

    symbol: str
    ex_date: dt.date
    cash_amount: Decimal | None = None
    split_from: float | None = None
    split_to: float | None = None
    declaration_date: dt.date | None = None
    pay_date: dt.date | None = None
    dividend_type: str | None = None


class Stored(NamedTuple):
    """Numbers of rows that are new, changed and no longer listed."""

    new: int = 0
    changed: int = 0
    withdrawn: int = 0


def of_dividends(symbol: str, listed: Sequence[Dividend]) -> tuple[list[Action], Counter[str]]:
    """Return one action per ex-date, and the numbers of rows left out, by reason.

    Dividends of one ex-date are added up; a row that is listed twice counts once. Their sum is known from the latest
    declaration. An absent currency is the US dollar, as on old rows.
    """
    by_day: dict[dt.date, dict[tuple[object, ...], Dividend]] = {}
    rejected: Counter[str] = Counter()
    for row in listed:
        if row.ticker != symbol:
            rejected["of another ticker"] += 1
        elif (row.currency or _CURRENCY).upper() != _CURRENCY:
            rejected["not in US dollars"] += 1
        elif not 0 < row.cash_amount < math.inf or not _FIRST_DAY <= row.ex_dividend_date <= _LAST_DAY:
            rejected["impossible amount or date"] += 1
        else:
            terms = (row.cash_amount, _type_of(row), row.declaration_date, row.pay_date)
            by_day.setdefault(row.ex_dividend_date, {})[terms] = row
    return [_sum(symbol, day, rows.values()) for day, rows in by_day.items()], rejected


def of_splits(listed: Sequence[Split]) -> tuple[list[Action], Counter[str]]:
    """Return one action per stock and ex-date, and the numbers of rows left out, by reason.

    A split that is listed twice counts once; of two different ones of a date the first is kept.
    """
    found: dict[tuple[str, dt.date], Action] = {}
    rejected: Counter[str] = Counter()
    for row in listed:
        ratio = (row.split_from, row.split_to)
        if not all(0 < number < math.inf for number in ratio):
            rejected["impossible ratio"] += 1
        elif not _FIRST_DAY <= row.execution_date <= _LAST_DAY:
            rejected["impossible date"] += 1
        else:
            action = Action(row.ticker, row.execution_date, None, *ratio)
            kept = found.setdefault((row.ticker, row.execution_date), action)
            rejected["a second split of the date"] += kept != action
    return list(found.values()), +rejected


def store(
    kind: ActionKind, actions: Sequence[Action], of: str, today: dt.date, *, source: Source, is_whole: bool
) -> Stored:
    """Store a list that was fetched before the open of `today`, inside the caller's transaction.

    `of` is the symbol whose list it is, '' for all stocks. Changed rows are overwritten, their former values kept in
    `superseded_rows`. Stored rows that go ex today or later and are absent from a list that `is_whole` are withdrawn.
    New live rows are known from now on, those of the first fetch and of a file from their declaration, if that is
    earlier.
    """
    columns = {name: [getattr(action, name) for action in actions] for name in Action.__dataclass_fields__}
    wanted: dict[str, Any] = columns | {
        "kind": kind.value,
        "of": of,
        "today": today,
        "source": source.value,
        "known_ms": [None if source == Source.LIVE else _declared_ms(action) for action in actions],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORE, wanted)
        is_new = [new for (new,) in cursor.fetchall()]
        if is_whole:
            cursor.execute(_WITHDRAW, wanted)
        withdrawn = cursor.rowcount if is_whole else 0
    return Stored(sum(is_new), len(is_new) - sum(is_new), withdrawn)


def _type_of(row: Dividend) -> str:
    kind = row.dividend_type or row.distribution_type or ""
    return _TYPES.get(kind, kind)


def _sum(symbol: str, day: dt.date, rows: Iterable[Dividend]) -> Action:
    parts = list(rows)
    declared = [row.declaration_date for row in parts if row.declaration_date]
    paid = [row.pay_date for row in parts if row.pay_date]
    return Action(
        symbol,
        day,
        cash_amount=sum((Decimal(repr(row.cash_amount)) for row in parts), Decimal()),
        declaration_date=max(declared) if len(declared) == len(parts) else None,
        pay_date=min(paid, default=None),
        dividend_type=", ".join(sorted({_type_of(row) for row in parts} - {""})) or None,
    )


def _declared_ms(action: Action) -> int:
    """Return the close of the session in which an action was declared, at the latest of the one before its ex-date."""
    before = sessions.previous_session(action.ex_date)
    declared = action.declaration_date
    if declared is not None and declared < before:
        before = sessions.next_session(declared - dt.timedelta(days=1))
    return clock.epoch_ms(sessions.close_of(before))
