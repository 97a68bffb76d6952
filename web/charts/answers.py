"""Answers with the data document of a chart, as JSON or CSV."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from web.charts.documents.document import ChartDocument, version_of
from web.data_answers import unless_known


def answer_with(request: HttpRequest, document: ChartDocument, name: str, *, as_csv: bool) -> HttpResponse:
    """Return a document as JSON, or 304 for a client that has it; with `as_csv` its rows as the file `name`.csv."""
    if as_csv:
        answer = HttpResponse(document.as_csv(), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return answer
    body = document.as_json()
    return unless_known(
        request, version_of(body), lambda: HttpResponse(body, content_type="application/json")
    )


def refuse(sentence: str, status: int) -> HttpResponse:
    """Return a refusal of a document: one sentence as JSON."""
    return JsonResponse({"detail": sentence}, status=status)
