"""Base classes of the admin pages: look-ups limited to the declared filters, and read-only lists and rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ShowFacets, display
from django.core.paginator import Paginator
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.functional import cached_property

from web.admin.navigation import title_of
from web.lists import export, filters, saved_filters
from web.lists.changelist import ExportedChangeList, KeyedChangeList
from web.lists.row_page import row_context
from web.lists.table import as_number, list_context

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as _Generic

    _Unfold = _Generic[Any]
    AnyPaginator = Paginator[Any]
else:
    from unfold.admin import ModelAdmin as _Unfold

    AnyPaginator = Paginator

EXACT_ROWS = 5_000
EXACT_COST = 50_000.0  # planner's units, about a tenth of a second
# Of the policy `as_of`, which compares known_at with a subquery, the planner expects that a third of the rows pass.
POLICY_SELECTIVITY = 1 / 3
# Parameters of Django's filters by column: a choice, a flag, a date from and until, a related row.
_FIELD_LOOKUPS = ("", "__exact", "__isnull", "__gte", "__lt", "__id__exact")


class ModelAdmin(_Unfold):
    """Admin page whose lists accept the parameters of their declared filters only. Others are answered with 400.

    Django accepts every look-up of a model's own columns, regular expressions included.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        names: set[str] = set()
        for one in self.get_list_filter(request) if request else self.list_filter:
            column = one[0] if isinstance(one, tuple | list) else one
            if isinstance(column, str):
                names |= {f"{column}{suffix}" for suffix in _FIELD_LOOKUPS}
            else:
                names.add(str(getattr(column, "parameter_name", "")))
        return lookup in names


class EstimatedPaginator(AnyPaginator):
    """Paginator that counts small results exactly and uses the planner's estimate for large ones.

    COUNT(*) would read the whole table on every page. The estimate follows the size of the table's files, so it exists
    before the first ANALYZE, and it takes filters into account.
    """

    is_exact = True

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list  # a QuerySet, in the admin
        keys = rows.order_by().values_list("pk")
        explained = keys.explain(format="json")
        plan = json.loads(explained)[0]["Plan"]
        if plan["Plan Rows"] <= EXACT_ROWS and plan["Total Cost"] <= EXACT_COST:
            counted = len(keys[: EXACT_ROWS + 1])
            self.is_exact = counted <= EXACT_ROWS
            return min(counted, EXACT_ROWS)
        self.is_exact = False
        # Pages are not read as of an instant, so all rows pass. Without the policy there is no subquery in the plan.
        share = POLICY_SELECTIVITY if "InitPlan" in explained else 1.0
        return round(float(plan["Plan Rows"]) / share)


@as_number
@display(description="side known (share of premium)")
def side_known(row: Any) -> str:
    """Return the share of a row's known premium whose side is known, of a model with `SideCoverage`."""
    return f"{(row.stream_sided_premium + row.rest_sided_premium) / row.premium:.0%}" if row.premium else "–"


class ReadOnlyAdmin(ModelAdmin):
    """Read-only list, newest first, and the page of a row with the unit of every column.

    `orders` are the columns by which a list can be sorted, the default first, each with the fields that an index has in
    this order. `symbol_orders` and `contract_orders` replace them while one symbol or contract is chosen.
    `nullable_orders` leave out rows without the value. `time_orders` are in epoch ms, so a reader can jump to a time.
    """

    paginator = EstimatedPaginator
    change_list_template = "web/lists/list.html"
    change_form_template = "web/lists/row.html"
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    sortable_by: ClassVar[tuple[str, ...]] = ()
    ordering: ClassVar[tuple[str, ...]] = ()
    actions = None
    heavy: ClassVar[tuple[str, ...]] = ()  # columns that the list does not read
    orders: ClassVar[dict[str, tuple[str, ...]]] = {"id": ("id",)}
    symbol_orders: ClassVar[dict[str, tuple[str, ...]]] = {}
    contract_orders: ClassVar[dict[str, tuple[str, ...]]] = {}
    nullable_orders: ClassVar[tuple[str, ...]] = ()
    time_orders: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[tuple[tuple[str, str], ...]] = ()  # name and query of filters that every reader has
    phone: ClassVar[tuple[str, ...]] = ()  # columns that a phone shows; all without any
    search_help_text: ClassVar[str | None] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def orders_for(self, chosen: set[str]) -> dict[str, tuple[str, ...]]:
        """Return the orders while filters of these names are chosen."""
        if "contract" in chosen and self.contract_orders:
            return self.contract_orders
        return self.symbol_orders if "symbol" in chosen and self.symbol_orders else self.orders

    def variants(self, queryset: QuerySet[Any], chosen: set[str]) -> Sequence[QuerySet[Any]]:
        """Return querysets without common rows that are together `queryset`, each served by an index."""
        return [queryset]

    def complete_rows(self, rows: Sequence[Any]) -> None:
        """Add to the rows of a page what its columns need from other tables."""

    def summary(self, request: HttpRequest, changelist: KeyedChangeList) -> str:
        """Return the HTML of what stands above the rows, empty without any."""
        return ""

    def source_of(self, row: Any) -> str | None:
        """Return whether a row is live, backfilled or imported, None where its table does not tell."""
        return getattr(row, "source", None)

    def searched_columns(self, text: str) -> list[str]:
        """Return the names of the filters that a search stands for."""
        if not text.strip() or not self.search_fields:
            return []
        is_contract = "contract_ticker" in self._names() and filters.contract_ticker(text)
        return ["contract", "symbol"] if is_contract else ["symbol"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by symbol in any case, or by contract ticker where the table has it."""
        columns = self.searched_columns(search_term)
        if "contract" in columns:
            return filters.of_contract(queryset, str(filters.contract_ticker(search_term))), False
        wanted = search_term.strip().upper()
        return (queryset.filter(symbol=wanted) if "symbol" in columns else queryset), False

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Return the filters. Names of columns stand for their choices."""
        fields = self.model._meta
        return [
            filters.by_column(fields.get_field(one)) if isinstance(one, str) else one
            for one in self.list_filter
        ]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[KeyedChangeList]:
        match = request.resolver_match
        is_export = match is not None and str(match.url_name).endswith("_export")
        return ExportedChangeList if is_export else KeyedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.heavy)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path("export.csv", self.admin_site.admin_view(self.export_view), name=f"{name}_export"),
            path("filters/", self.admin_site.admin_view(self.filters_view), name=f"{name}_filters"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        answer: Any = super().changelist_view(request, extra_context)
        context = getattr(answer, "context_data", None)
        if context and "cl" in context:
            context |= list_context(self, request, context["cl"])
            context["title"] = (
                title_of(self.opts.label_lower) or str(self.opts.verbose_name_plural).capitalize()
            )
        return answer

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Stream the filtered list as CSV."""
        return export.respond(self, request)

    def filters_view(self, request: HttpRequest) -> HttpResponse:
        """Save or delete a filter of the list."""
        return saved_filters.respond(self, request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        context |= row_context(self, request, context.get("original"))
        return super().render_change_form(request, context, *arguments, **named)

    def _names(self) -> set[str]:
        return {field.name for field in self.model._meta.fields}


def units(model: type[Model]) -> dict[str, str]:
    """Return the comment of each column, which ends in its unit."""
    return {f.name: f.db_comment or "" for f in model._meta.get_fields() if isinstance(f, Field)}


class TimedAdmin(ReadOnlyAdmin):
    """Rows with a time, filtered by symbol, time and date."""

    search_fields = ("symbol",)
    search_help_text = "symbol, such as SPX"
    list_filter: ClassVar[tuple[Any, ...]] = (filters.SymbolFilter, filters.RecentFilter, filters.DateFilter)
    orders = {"timestamp": ("timestamp", "id")}
    symbol_orders = {"timestamp": ("timestamp", "id")}
    time_orders = ("timestamp",)


class DailyAdmin(ReadOnlyAdmin):
    """Rows of a session, filtered by symbol and date."""

    search_fields: ClassVar[tuple[str, ...]] = ("symbol",)
    search_help_text: ClassVar[str | None] = "symbol, such as SPX"
    list_filter: ClassVar[tuple[Any, ...]] = (filters.SymbolFilter, filters.SessionFilter)
    orders: ClassVar[dict[str, tuple[str, ...]]] = {"date": ("date", "symbol")}
