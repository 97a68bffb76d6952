"""What the page of a row shows: its title, links, charts and tables, and every column with its comment.

Columns that PostgreSQL computes from another one are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from warehouse.models import HistoricalGreeks
from web import formats
from web.lists import cells
from web.lists.links import row_links


def row_context(page: Any, request: HttpRequest, row: Any) -> dict[str, Any]:
    """Return the context of the page of a row beside Django's."""
    if row is None:
        return {}
    left_out = {*(page.exclude or ()), *page.readonly_fields, "id"}
    parts = [_part(page, name, row) for name in page.readonly_fields]
    columns = [
        {
            "heading": str(field.verbose_name),
            "text": cells.text(field, getattr(row, field.attname), full=True),
            "comment": cells.meaning(field),
        }
        for field in row._meta.fields
        if field.name not in left_out and not field.generated
    ]
    return {
        "title": str(row),
        "subtitle": None,
        "parts": [one for one in parts if one["text"] != formats.ABSENT],
        "columns": columns,
        "links": row_links(row, request.user),
        "marks": list(_marks(page, row)),
    }


def _marks(page: Any, row: Any) -> Iterator[dict[str, Any]]:
    """Yield the marks of a row: its source, and that of open interest."""
    source = page.source_of(row)
    if source:
        yield {"words": "source", "text": cells.badge(HistoricalGreeks._meta.get_field("source"), source)}
    if getattr(row, "oi_source", None):
        yield {"words": "open interest", "text": cells.text(row._meta.get_field("oi_source"), row.oi_source)}


def _part(page: Any, name: str, row: Any) -> dict[str, Any]:
    function = getattr(page, name)
    return {"heading": getattr(function, "short_description", name), "text": function(row)}
