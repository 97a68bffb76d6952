"""Filters of lists. Each is one name in the query string with choices that PostgreSQL serves by an index.

A value that no filter could have offered filters nothing, except texts and dates, which a reader writes in the address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from quant import sessions
from quant.contracts import SUFFIX_LENGTH, names_contract, value_of_root
from warehouse import clock
from warehouse.models import WatchlistEntry
from web import formats

PREMIUMS = {25_000: "$25 k", 100_000: "$100 k", 250_000: "$250 k", 1_000_000: "$1 M", 5_000_000: "$5 M"}
EXPIRIES = {"0": ("0 days", 0, 0), "7": ("1 to 7 days", 1, 7), "30": ("8 to 30 days", 8, 30)}
EXPIRIES["more"] = ("more than 30 days", 31, 100_000)
RECENT_HOURS = {"1": "last hour", "24": "last day", "168": "last week"}
_SESSIONS = 5


class ListFilter(SimpleListFilter):
    """A filter of one parameter. `entry` is the type of an input for values that are no choice, empty without one."""

    entry: ClassVar[str] = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def shown(self) -> str:
        """Return the words of the chosen value, empty without one that filters."""
        value = self.value()
        words = {str(key): str(label) for key, label in self.lookup_choices}
        return words.get(str(value), str(value) if value and self.entry else "") if value else ""


class SymbolFilter(ListFilter):
    """Filter by a symbol in any case; watched ones are choices. Choices of the table itself would be read from it."""

    title = "symbol"
    parameter_name = "symbol"
    entry = "text"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(symbol, symbol) for symbol in WatchlistEntry.objects.values_list("symbol", flat=True)]

    def value(self) -> str | None:
        value = super().value()
        return value.strip().upper() if value else None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(symbol=self.value()) if self.value() else queryset


class ContractFilter(ListFilter):
    """Filter by a contract ticker, with or without its prefix."""

    title = "contract"
    parameter_name = "contract"
    entry = "text"

    def value(self) -> str | None:
        return contract_ticker(super().value() or "")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        ticker = self.value()
        return of_contract(queryset, ticker) if ticker else queryset


class RecentFilter(ListFilter):
    """Filter by the last hours or days. It lets PostgreSQL skip older partitions."""

    title = "time"
    parameter_name = "recent"
    column = "timestamp"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(RECENT_HOURS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in RECENT_HOURS:
            return queryset
        return queryset.filter(**{f"{self.column}__gte": clock.now_ms() - int(str(self.value())) * 3_600_000})


class DateFilter(ListFilter):
    """Filter by a date, New York; the last sessions are choices. `column` is a time in epoch ms or a date."""

    title = "date"
    parameter_name = "on"
    column = "timestamp"
    entry = "date"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        today = sessions.new_york_date(clock.now())
        found = sessions.sessions(today - dt.timedelta(days=12), today)[-_SESSIONS:]
        return [(day.isoformat(), formats.calendar_day(day)) for day in reversed(found)]

    def day(self) -> dt.date | None:
        return iso_date(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        day = self.day()
        if day is None:
            return queryset
        first, last = bounds_of(day)
        return queryset.filter(**{f"{self.column}__gte": first, f"{self.column}__lt": last})

    def shown(self) -> str:
        day = self.day()
        return formats.calendar_day(day) if day else ""


class SessionFilter(DateFilter):
    """Filter rows of a session by their date."""

    column = "date"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        day = self.day()
        return queryset.filter(**{self.column: day}) if day else queryset


class ExpirationFilter(DateFilter):
    """Filter by the expiration date of contracts; today and the next Fridays are choices."""

    title = "expiration"
    parameter_name = "expiration"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        today = sessions.new_york_date(clock.now())
        friday = today + dt.timedelta(days=(4 - today.weekday()) % 7)
        days = dict.fromkeys([today, *(friday + dt.timedelta(weeks=n) for n in range(4))])
        return [(day.isoformat(), formats.calendar_day(day)) for day in days]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        day = self.day()
        return queryset.filter(expiration=day) if day else queryset


class ExpiryFilter(ListFilter):
    """Filter by the days to expiration."""

    title = "days to expiration"
    parameter_name = "dte"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, words) for key, (words, *_) in EXPIRIES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in EXPIRIES:
            return queryset
        _, first, last = EXPIRIES[str(self.value())]
        return queryset.filter(dte__range=(first, last))


class PremiumFilter(ListFilter):
    """Filter by the least premium."""

    title = "premium from"
    parameter_name = "premium"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(dollars), words) for dollars, words in PREMIUMS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        least = {str(dollars) for dollars in PREMIUMS}
        if self.value() not in least:
            return queryset
        return queryset.filter(premium_float__gte=int(str(self.value())))


class ChoicesFilter(ListFilter):
    """Filter by a column of choices. `none` is NULL, where the column has it."""

    field: ClassVar[models.Field[Any, Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        choices = [(str(value), formats.words(str(value))) for value, _ in self.field.choices or ()]
        return [*choices, ("none", "unknown")] if self.field.null else choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value, name = self.value(), self.field.name
        if value == "none" and self.field.null:
            return queryset.filter(**{f"{name}__isnull": True})
        known = {choice for choice, _ in self.field.choices or ()}
        return queryset.filter(**{name: value}) if value in known else queryset


class FlagFilter(ListFilter):
    """Filter by a boolean column."""

    field: ClassVar[models.Field[Any, Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "yes"), ("no", "no")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = {"yes": True, "no": False}.get(str(self.value()))
        return queryset if value is None else queryset.filter(**{self.field.name: value})


def by_column(field: models.Field[Any, Any]) -> type[ListFilter]:
    """Return the filter of a column of choices or of a flag; its parameter has the column's name."""
    base = FlagFilter if isinstance(field, models.BooleanField) else ChoicesFilter
    title = "call or put" if field.name == "option_type" else str(field.verbose_name).removeprefix("is ")
    named = {"title": title, "parameter_name": field.name, "field": field}
    return type(f"{field.name.title()}Filter", (base,), named)


def links_of(one: ListFilter, changelist: Any) -> Iterator[dict[str, Any]]:
    """Yield words, address and state of each choice of a filter; the first removes it."""
    yield {
        "words": "any",
        "query": changelist.get_query_string(remove=[one.parameter_name]),
        "chosen": not one.value(),
    }
    for value, words in one.lookup_choices:
        query = changelist.get_query_string({str(one.parameter_name): value})
        yield {"words": words, "query": query, "chosen": str(one.value()) == str(value)}


def contract_ticker(text: str) -> str | None:
    """Return a text as contract ticker in the provider's form, or None if it is none."""
    ticker = text.strip().upper()
    return f"O:{ticker.removeprefix('O:')}" if names_contract(ticker) else None


def of_contract(queryset: QuerySet[Any], ticker: str) -> QuerySet[Any]:
    """Return the rows of a contract. Naming its underlying too lets the primary key serve it."""
    return queryset.filter(contract_ticker=ticker, symbol=underlying_of(ticker))


def underlying_of(ticker: str) -> str:
    """Return the watched symbol to which a contract's root belongs, or the root itself."""
    root = ticker.removeprefix("O:")[:-SUFFIX_LENGTH]
    entries: Iterable[tuple[str, list[str]]] = WatchlistEntry.objects.values_list("symbol", "roots")
    owners = {one: symbol for symbol, roots in entries for one in roots}
    return value_of_root(root, owners) or root


def iso_date(text: str | None) -> dt.date | None:
    """Return the date that a text in ISO form names, None if it names none between 1970 and 2099."""
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 1970 <= day.year < 2100 else None


def local_ms(local: dt.datetime) -> int:
    """Return the epoch ms of a New York time without zone."""
    return clock.epoch_ms(local.replace(tzinfo=sessions.NEW_YORK))


def bounds_of(day: dt.date) -> tuple[int, int]:
    """Return the epoch ms at which a date of New York begins and ends."""
    first, last = (local_ms(dt.datetime.combine(day + dt.timedelta(days=n), dt.time())) for n in (0, 1))
    return first, last


def iso_instant(text: str) -> int | None:
    """Return the epoch ms of a New York time in ISO form, None if the text is none between 1970 and 2099."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return local_ms(at) if at.tzinfo is None and 1970 <= at.year < 2100 else None
