"""Sums of the trades that a list of the tape shows: their number, premium by sentiment and type, known sides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction
from django.db.models import Count, Max, QuerySet, Sum
from psycopg.errors import QueryCanceled

from quant import sessions
from warehouse import clock
from warehouse.models.enums import OptionType, Sentiment
from web.lists.changelist import KeyedChangeList
from web.lists.filters import bounds_of

SECONDS = 1  # for the sums, which are less important than the rows below them
_OF_A_DAY = {"on", "recent"}  # filters that leave at most a day, of `recent` the choices below
_HOURS_OF_A_DAY = {"1", "24"}


class _Group(NamedTuple):
    """Trades of one sentiment and option type whose side is known, or not."""

    sentiment: str
    option_type: str
    has_side: bool
    trades: int
    priced: int
    premium: float
    largest: float


@dataclass(frozen=True, slots=True)
class TapeSums:
    """Sums of trades; premiums are dollars. Cancels and canceled trades are not summed.

    `day` is the New York date that is summed, None for all trades of the filter. The premiums leave out the `unpriced`
    trades, whose premium is unknown. `unknown` is the premium of trades that are neither bullish nor bearish, and
    `sided` that of trades with a known side. `largest` is None without a known premium.
    """

    day: dt.date | None
    trades: int
    unpriced: int
    premium: float
    bullish: float
    bearish: float
    unknown: float
    calls: float
    puts: float
    sided: float
    sided_trades: int
    largest: float | None

    @property
    def unsided(self) -> float:
        """Premium of the trades without a known side, in dollars."""
        return self.premium - self.sided

    @property
    def sided_share(self) -> float | None:
        """Share of the premium whose side is known, None without premium."""
        return self.sided / self.premium if self.premium else None

    @property
    def sided_trades_share(self) -> float | None:
        """Share of the trades whose side is known, None without trades."""
        return self.sided_trades / self.trades if self.trades else None


def read_sums(changelist: KeyedChangeList) -> TapeSums | None:
    """Return the sums of a list's trades, of the newest session on the page where the list is long.

    None where they are not found in time. Without rows on the page there is nothing to sum, and the answer has zeros.
    """
    day = _day_of(changelist)
    wanted = changelist.queryset.filter(is_cancel=False, canceled_by__isnull=True)
    if day is not None:
        first, end = bounds_of(day)
        wanted = wanted.filter(timestamp__gte=first, timestamp__lt=end)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
            return _sums(day, _groups(wanted))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return None


def _day_of(changelist: KeyedChangeList) -> dt.date | None:
    """Return the date to which the sums are limited, None if the filters leave few trades or at most a day."""
    if changelist.is_exact or not changelist.result_list or _leaves_a_day(changelist):
        return None
    newest = max(row.timestamp for row in changelist.result_list)
    return sessions.new_york_date(clock.instant(newest))


def _leaves_a_day(changelist: KeyedChangeList) -> bool:
    return any(
        one.shown() and (one.parameter_name == "on" or one.value() in _HOURS_OF_A_DAY)
        for one in changelist.filter_specs
        if one.parameter_name in _OF_A_DAY
    )


def _groups(trades: QuerySet[Any]) -> list[_Group]:
    grouped = trades.order_by().values_list("sentiment", "option_type", "side")
    counted = grouped.annotate(
        trades=Count("*"), priced=Count("premium"), paid=Sum("premium"), largest=Max("premium")
    )
    return [
        _Group(sentiment, kind, side is not None, number, priced, float(premium or 0), float(largest or 0))
        for sentiment, kind, side, number, priced, premium, largest in counted
    ]


def _sums(day: dt.date | None, groups: list[_Group]) -> TapeSums:
    def premium(which: Callable[[_Group], bool]) -> float:
        return sum((one.premium for one in groups if which(one)), 0.0)

    trades, priced = (sum(getattr(one, name) for one in groups) for name in ("trades", "priced"))
    total = premium(lambda one: True)
    bullish = premium(lambda one: one.sentiment == Sentiment.BULLISH)
    bearish = premium(lambda one: one.sentiment == Sentiment.BEARISH)
    return TapeSums(
        day=day,
        trades=trades,
        unpriced=trades - priced,
        premium=total,
        bullish=bullish,
        bearish=bearish,
        unknown=premium(lambda one: one.sentiment == Sentiment.NEUTRAL),
        calls=premium(lambda one: one.option_type == OptionType.CALL),
        puts=premium(lambda one: one.option_type == OptionType.PUT),
        sided=premium(lambda one: one.has_side),
        sided_trades=sum(one.trades for one in groups if one.has_side),
        largest=max(one.largest for one in groups) if priced else None,
    )
