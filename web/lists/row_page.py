"""What the page of a row shows: its title, links, charts and tables, and every column with its comment."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from web import formats
from web.lists import cells
from web.lists.links import row_links

MARKS = {"source": "source", "oi_source": "open interest"}


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
        if field.name not in left_out
    ]
    return {
        "title": str(row),
        "subtitle": None,
        "parts": [one for one in parts if one["text"] != formats.ABSENT],
        "columns": columns,
        "links": row_links(row, request.user),
        "marks": [
            {"words": words, "text": cells.text(row._meta.get_field(name), getattr(row, name))}
            for name, words in MARKS.items()
            if getattr(row, name, None)
        ],
    }


def _part(page: Any, name: str, row: Any) -> dict[str, Any]:
    function = getattr(page, name)
    return {"heading": getattr(function, "short_description", name), "text": function(row)}
