"""A filtered list as CSV, streamed from a server-side cursor: as many rows as there are, in constant memory.

Columns that PostgreSQL computes from another one are left out. At most one export runs in a process. Texts that a
spreadsheet would read as formulas get an apostrophe in front.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from quant.sessions import NEW_YORK
from warehouse import clock
from web import formats
from web.lists import cells
from web.lists.json_tables import plain_json

ROWS_AT_ONCE = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_running = threading.Lock()  # held while an export of this process runs


class _Line:
    """A file whose `write` returns the text, as `csv.writer` then does."""

    def write(self, text: str) -> str:
        return text


class Export:
    """The lines of a CSV file. The lock is released at the end of the rows, or when the response is closed."""

    def __init__(
        self, queryset: QuerySet[Any], fields: Sequence[models.Field[Any, Any]], lock: threading.Lock
    ) -> None:
        self._queryset, self._fields, self._lock = queryset, fields, lock
        self._lines, self._is_open = self._read(), True

    def __iter__(self) -> Iterator[str]:
        try:
            yield from self._lines
        finally:
            self.close()

    def close(self) -> None:
        """End the transaction and release the lock, once."""
        if self._is_open:
            self._is_open = False
            self._lines.close()
            self._lock.release()

    def _read(self) -> Generator[str, None, None]:
        writer = csv.writer(_Line(), lineterminator="\n")
        converters = [converter(field) for field in self._fields]
        yield writer.writerow(heading(field) for field in self._fields)
        names = [field.attname for field in self._fields]
        # Without a transaction the cursor would be WITH HOLD, and PostgreSQL would store all rows before the first.
        with transaction.atomic():
            rows = self._queryset.values_list(*names).iterator(chunk_size=ROWS_AT_ONCE)
            lines: list[str] = []
            for row in rows:
                cell = zip(converters, row, strict=True)
                lines.append(
                    writer.writerow("" if value is None else convert(value) for convert, value in cell)
                )
                if len(lines) == ROWS_AT_ONCE:
                    yield "".join(lines)
                    lines = []
            yield "".join(lines)


def respond(page: Any, request: HttpRequest) -> HttpResponse:
    """Return the list of the request's filters as CSV; 429 while this process writes another one."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    try:
        changelist = page.get_changelist_instance(request)
    except IncorrectLookupParameters:
        raise BadRequest("A filter of the address is not valid.") from None
    fields = [
        field
        for field in page.model._meta.fields
        if field.name not in page.heavy and not field.generated and not isinstance(field, models.BinaryField)
    ]
    return stream(changelist.queryset, fields, f"{page.model._meta.db_table}.csv")


def stream(queryset: QuerySet[Any], fields: Sequence[models.Field[Any, Any]], filename: str) -> HttpResponse:
    """Return rows as a CSV file that is streamed; 429 while this process writes another one."""
    if not _running.acquire(blocking=False):
        return HttpResponse(
            "Another export is running. Try again when it has ended.",
            status=429,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": "30"},
        )
    answer = StreamingHttpResponse(Export(queryset, fields, _running), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer  # type: ignore[return-value]  # both are responses


def heading(field: models.Field[Any, Any]) -> str:
    """Return the heading of a column with its unit: premium (dollars)."""
    unit = cells.unit_of(field)
    if cells.is_time(field):
        return f"{field.name} (New York)"
    is_plain = field.choices or unit in ("no unit", "true or false", "date, New York", "")
    return field.name if is_plain else f"{field.name} ({unit})"


def converter(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    """Return the function of a column's values: full numbers, times of New York with their offset."""
    if cells.is_time(field):
        return lambda value: clock.instant(value).astimezone(NEW_YORK).isoformat(timespec="milliseconds")
    if isinstance(field, models.BooleanField):
        return formats.yes_no
    if isinstance(field, models.JSONField | ArrayField):
        return lambda value: neutral(plain_json(value))
    if isinstance(field, models.TextField):
        return neutral
    return lambda value: value


def neutral(text: str) -> str:
    """Return a text that a spreadsheet shows and does not evaluate."""
    return f"'{text}" if text.startswith(_FORMULA) else text
