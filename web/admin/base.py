"""Base classes of the read-only admin pages."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import SimpleListFilter, display
from django.core.paginator import Paginator
from django.db.models import Field, FloatField, Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from quant.sessions import NEW_YORK
from warehouse import clock
from warehouse.models import WatchlistEntry

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as _Generic

    ModelAdmin = _Generic[Any]
    AnyPaginator = Paginator[Any]
else:
    from unfold.admin import ModelAdmin

    AnyPaginator = Paginator

EXACT_ROWS = 5_000


class EstimatedPaginator(AnyPaginator):
    """Paginator that counts small results exactly and uses the planner's estimate for large ones.

    COUNT(*) would read the whole table on every page. The estimate follows the size of the table's files, so it exists
    before the first ANALYZE, and it takes filters into account.
    """

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list  # a QuerySet, in the admin
        keys = rows.order_by().values_list("pk")
        estimate = int(json.loads(keys.explain(format="json"))[0]["Plan"]["Plan Rows"])
        return estimate if estimate > EXACT_ROWS else len(keys[:EXACT_ROWS])


@display(description="side known (share of premium)")
def side_known(row: Any) -> str:
    """Return the share of a row's known premium whose side is known, of a model with `SideCoverage`."""
    return f"{(row.stream_sided_premium + row.rest_sided_premium) / row.premium:.0%}" if row.premium else "-"


class SymbolFilter(SimpleListFilter):
    """Filter by watched symbols. A filter on the field itself would read all symbols from the table."""

    title = "symbol"
    parameter_name = "symbol"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(symbol, symbol) for symbol in WatchlistEntry.objects.values_list("symbol", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(symbol=self.value()) if self.value() else queryset


class RecentFilter(SimpleListFilter):
    """Filter by the last hours or days. It lets PostgreSQL skip older partitions."""

    title = "time"
    parameter_name = "recent"
    column = "timestamp"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "last hour"), ("24", "last day"), ("168", "last week")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"1", "24", "168"}:
            return queryset
        return queryset.filter(**{f"{self.column}__gte": clock.now_ms() - int(str(self.value())) * 3_600_000})


class ReadOnlyAdmin(ModelAdmin):
    """Read-only list in order of arrival, newest first; the page of a row shows the unit of every column."""

    paginator = EstimatedPaginator
    show_full_result_count = False
    list_per_page = 50
    sortable_by: ClassVar[tuple[str, ...]] = ()  # another order would sort the whole table
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    actions = None
    heavy: ClassVar[tuple[str, ...]] = ()  # columns that the list does not read

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [compact(self.model, name) for name in super().get_list_display(request)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.heavy)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **{**options, "help_texts": units(self.model)})


def compact(model: type[Model], name: Any) -> Any:
    """Return the list column of a field, which shows six digits of a floating-point number."""
    field = next((f for f in model._meta.get_fields() if f.name == name), None)
    if not isinstance(field, FloatField):
        return name

    @display(description=field.verbose_name)
    def shown(row: Any) -> str | None:
        value = getattr(row, name)
        return None if value is None else f"{value:.6g}"

    return shown


def units(model: type[Model]) -> dict[str, str]:
    """Return the comment of each column, which ends in its unit."""
    return {f.name: f.db_comment or "" for f in model._meta.get_fields() if isinstance(f, Field)}


def new_york(epoch_ms: int | None) -> str:
    """Return epoch milliseconds as New York date and time."""
    if epoch_ms is None:
        return "-"
    at: dt.datetime = clock.instant(epoch_ms).astimezone(NEW_YORK)
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"


class TimedAdmin(ReadOnlyAdmin):
    """Rows with a time, filtered by symbol and time."""

    search_fields = ("symbol__exact",)  # "=symbol" compares UPPER(symbol), for which there is no index
    search_help_text = "symbol, exactly: SPX"
    list_filter: ClassVar[tuple[Any, ...]] = (SymbolFilter, RecentFilter)

    @display(description="time, New York")
    def at(self, row: Any) -> str:
        return new_york(row.timestamp)


class DailyAdmin(ReadOnlyAdmin):
    """Rows of a session, filtered by symbol."""

    search_fields: ClassVar[tuple[str, ...]] = ("symbol__exact",)
    search_help_text: ClassVar[str | None] = "symbol, exactly: SPX"
    list_filter: ClassVar[tuple[Any, ...]] = (SymbolFilter,)
