"""The list of an admin page: declared filters only, pages by key, orders that an index serves."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.http import urlencode
from psycopg.errors import QueryCanceled
from unfold.views import ChangeList

from web.lists import filters
from web.lists.key_pages import InvalidKeyError, Order, Page, key_of, parse_key, read_page

SECONDS = 5  # for the rows of one page; a web process has few threads
PLACE = ("after", "before", "at")  # parameters that say which page is shown
OWN = ("order", *PLACE)


class KeyedChangeList(ChangeList):
    """A list that is read by key. `order` in the address is a column, with a minus sign for the largest first."""

    model_admin: Any
    filter_specs: list[Any]

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in OWN}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Return the query of the first page with these changes: another filter or order has other pages."""
        kept = {
            name: value for name, value in self.filter_params.items() if name not in (*PLACE, *(remove or ()))
        }
        kept |= new_params or {}
        return f"?{urlencode(sorted((n, v) for n, v in kept.items() if v is not None), doseq=True)}"

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return self.order.names()

    @property
    def order(self) -> Order:
        """The order that is shown: the one of the address where there is such a one, else the first of the page."""
        orders = self.model_admin.orders_for(self.chosen())
        first = next(iter(orders))
        wanted = str(self.params.get("order", f"-{first}"))
        column = wanted.removeprefix("-")
        if column not in orders:
            column, wanted = first, f"-{first}"
        return Order(column, orders[column], wanted.startswith("-"))

    def chosen(self) -> set[str]:
        """Return the names of the filters that are chosen, those of the search included."""
        names = {one.parameter_name for one in self.filter_specs if one.value()}
        return names | set(self.model_admin.searched_columns(self.query))

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        nullable = self.order.column in self.model_admin.nullable_orders
        return found.filter(**{f"{self.order.fields[0]}__isnull": False}) if nullable else found

    def get_results(self, request: HttpRequest) -> None:
        """Read the page. A list whose rows are too rare to be found in time is empty and says what helps."""
        self.result_count, self.is_exact = 0, True
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
                page = self._page(request)
                paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
                self.result_count, self.is_exact = paginator.count, paginator.is_exact
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            messages.warning(
                request, f"No answer within {SECONDS} seconds. Choose a symbol, a date or fewer filters."
            )
            page, self.is_exact = Page([], False, False), False
        self.page = page
        self.result_list = page.rows
        self.full_result_count, self.show_full_result_count = self.result_count, False
        self.show_admin_actions = self.can_show_all = self.multi_page = False
        self.paginator = None

    def _page(self, request: HttpRequest) -> Page:
        queryset, order = self.queryset, self.order
        key, backwards, inside = None, False, False
        try:
            for name in ("after", "before"):
                if self.params.get(name):
                    key, backwards = parse_key(self.model, order, self.params[name]), name == "before"
        except InvalidKeyError as error:
            raise IncorrectLookupParameters(error) from error
        at_ms = filters.iso_instant(str(self.params.get("at", "")))
        if at_ms is not None and order.column in self.model_admin.time_orders and key is None:
            queryset = queryset.filter(
                **{f"{order.fields[0]}__{'lte' if order.descending else 'gte'}": at_ms}
            )
            inside = True
        variants = self.model_admin.variants(queryset, self.chosen())
        page = read_page(
            variants, order, self.list_per_page, key=key, backwards=backwards, starts_inside=inside
        )
        if (
            backwards and len(page.rows) < self.list_per_page
        ):  # there are fewer before: show the first page in full
            return read_page(
                self.model_admin.variants(self.queryset, self.chosen()), order, self.list_per_page
            )
        return page

    def page_links(self) -> dict[str, str]:
        """Return the queries of the first, the previous and the next page, without those that do not exist."""
        rows, page, links = self.result_list, self.page, {}
        if page.has_previous:
            links["first"] = self.get_query_string()
        if page.has_previous and rows:
            links["previous"] = self.get_query_string({"before": key_of(rows[0], self.order)})
        if page.has_next:
            links["next"] = self.get_query_string({"after": key_of(rows[-1], self.order)})
        return links


class ExportedChangeList(KeyedChangeList):
    """The rows of a list with its filters and order, without a page of them."""

    def get_results(self, request: HttpRequest) -> None:
        self.result_list, self.result_count = [], 0
        self.show_full_result_count = self.multi_page = self.show_admin_actions = False
