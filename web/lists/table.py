"""What the template of a list shows: headings, rows, filters, and the addresses of other pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import quote
from django.db import models
from django.http import HttpRequest
from django.urls import reverse

from web import formats
from web.lists import cells, saved_filters
from web.lists.changelist import KeyedChangeList
from web.lists.filters import ListFilter, links_of
from web.lists.links import cell_link


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list. `name` is that of a field, or of a function that the page adds."""

    name: str
    heading: str
    comment: str
    is_number: bool
    field: models.Field[Any, Any] | None
    function: Any = None


def as_number(function: Any) -> Any:
    """Mark a function of a row as a column of numbers."""
    function.is_number = True
    return function


def with_comment(comment: str) -> Any:
    """Return a decorator that says what a function of a row returns; the comment ends in the unit."""

    def mark(function: Any) -> Any:
        function.comment = comment
        return function

    return mark


def columns_of(page: Any, request: HttpRequest) -> list[Column]:
    """Return the columns of a list, in the order of `list_display`."""
    fields = {field.name: field for field in page.model._meta.fields}
    found = []
    for name in page.get_list_display(request):
        if isinstance(name, str) and name in fields:
            field = fields[name]
            found.append(
                Column(name, cells.heading(field), cells.meaning(field), cells.is_number(field), field)
            )
            continue
        function = name if callable(name) else getattr(page, name, None) or getattr(page.model, name)
        heading = getattr(function, "short_description", str(name).strip("_"))
        named = getattr(function, "__name__", str(name))
        comment, is_number = getattr(function, "comment", ""), getattr(function, "is_number", False)
        found.append(Column(named, heading, comment, is_number, None, function))
    return found


def cell_text(page: Any, column: Column, row: Any) -> cells.Text:
    """Return the text of a row in a column of a list."""
    if column.field is not None:
        return cells.text(column.field, getattr(row, column.field.attname))
    if isinstance(column.function, str) or column.name == "__str__":
        return str(row)
    found: cells.Text = column.function(row)
    return formats.ABSENT if found in (None, "") else found


def list_context(page: Any, request: HttpRequest, changelist: KeyedChangeList) -> dict[str, Any]:
    """Return the context of a list beside Django's."""
    columns = columns_of(page, request)
    active = [one for one in changelist.filter_specs if one.shown()]
    page.complete_rows(changelist.result_list)
    return {
        "headings": [_heading(page, changelist, column) for column in columns],
        "rows": list(_rows(page, request, changelist, columns)),
        "filters": [_filter(one, changelist) for one in changelist.filter_specs],
        "active": [
            {
                "title": one.title,
                "words": one.shown(),
                "query": changelist.get_query_string(remove=[one.parameter_name]),
            }
            for one in active
        ],
        "count": _count(changelist),
        "summary": page.summary(request, changelist),
        "links": changelist.page_links(),
        "kept": _kept(changelist, ("q", "after", "before", "at")),
        "kept_at": _kept(changelist, ("after", "before", "at")),
        "can_jump": changelist.order.column in page.time_orders,
        "left_out": changelist.order.column in page.nullable_orders and changelist.order.column,
        "export_query": changelist.get_query_string(),
        "export_url": reverse(f"admin:warehouse_{page.opts.model_name}_export"),
        "filters_url": reverse(f"admin:warehouse_{page.opts.model_name}_filters"),
        "presets": [
            {"name": name, "query": f"?{query}", "chosen": saved_filters.is_same(query, changelist)}
            for name, query in page.presets
        ],
        "saved": saved_filters.of_user(request, page.opts.model_name, changelist),
        "is_phone_reduced": bool(page.phone),
    }


def _heading(page: Any, changelist: KeyedChangeList, column: Column) -> dict[str, Any]:
    order = changelist.order
    is_sorted = order.column == column.name
    can_sort = column.name in page.orders_for(changelist.chosen())
    turned = f"{'' if is_sorted and order.descending else '-'}{column.name}"
    return {
        "text": column.heading,
        "comment": column.comment,
        "is_number": column.is_number,
        "on_phone": not page.phone or column.name in page.phone,
        "sorted": ("descending" if order.descending else "ascending") if is_sorted else "",
        "query": changelist.get_query_string({"order": turned}) if can_sort else "",
    }


def _rows(
    page: Any, request: HttpRequest, changelist: KeyedChangeList, columns: list[Column]
) -> Iterator[dict[str, Any]]:
    address = f"admin:warehouse_{page.opts.model_name}_change"
    watched = {
        value
        for one in changelist.filter_specs
        if one.parameter_name == "symbol"
        for value, _ in one.lookup_choices
    }
    for row in changelist.result_list:
        shown = []
        for number, column in enumerate(columns):
            link = (
                reverse(address, args=[quote(row.pk)])
                if number == 0
                else cell_link(page, column.name, row, watched)
            )
            shown.append(
                {
                    "text": cell_text(page, column, row),
                    "heading": column.heading,
                    "is_number": column.is_number,
                    "on_phone": not page.phone or column.name in page.phone,
                    "link": link,
                }
            )
        yield {"cells": shown}


def _filter(one: ListFilter, changelist: KeyedChangeList) -> dict[str, Any]:
    name = str(one.parameter_name)
    return {
        "title": one.title,
        "name": name,
        "entry": one.entry,
        "value": one.value() or "",
        "links": list(links_of(one, changelist)),
        "kept": _kept(changelist, (name, "after", "before", "at")),
    }


def _kept(changelist: KeyedChangeList, left_out: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the parameters that a form repeats, because its own field replaces the query of its address."""
    return [(name, value) for name, value in changelist.params.items() if name not in left_out]


def _count(changelist: KeyedChangeList) -> str:
    shown = formats.number(changelist.result_count)
    words = "row" if changelist.result_count == 1 else "rows"
    return f"{shown} {words}" if changelist.is_exact else f"about {shown} {words}"
