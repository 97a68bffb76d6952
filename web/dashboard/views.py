"""The front page of the admin, and the blocks and the document that it polls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, JsonResponse

from monitoring.timeout_probe import Cached
from warehouse import clock
from web import health
from web.dashboard import document
from web.dashboard.blocks import Blocks, render
from web.dashboard.document import Dashboard
from web.data_answers import may_view, unless_known

SECONDS = 5.0  # for which all pages of a process share one document


class Current(NamedTuple):
    """The document and its blocks."""

    board: Dashboard
    blocks: Blocks


_caches = document.caches()


def _make() -> Current:
    board = document.read(clock.now_ms(), health.current(), _caches)
    return Current(board, render(board))


current = Cached(_make, SECONDS)


def forget() -> None:
    """Discard what this process keeps, so that the next request reads everything again."""
    current.forget()
    for cache in _caches:
        cache.forget()


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the blocks to the context of the admin's front page. Called by unfold."""
    if not may_view(request):
        return context
    board, blocks = current()
    return context | {"blocks": blocks.html, "version": blocks.version, "now_ms": board.market.now_ms}


@staff_member_required
def show_blocks(request: HttpRequest) -> HttpResponse:
    """Serve the blocks as JSON, or 304 where the client has this version; `now_ms` is the market's clock, epoch ms."""
    if not may_view(request):
        return JsonResponse({"error": "you may not see market data"}, status=403)
    blocks = current().blocks
    return _answer(
        request,
        blocks.version,
        lambda: {"version": blocks.version, "now_ms": clock.now_ms(), "blocks": blocks.html},
    )


@staff_member_required
def show_document(request: HttpRequest) -> HttpResponse:
    """Serve the values of the dashboard as JSON; units are in the docstrings of `web.dashboard`."""
    if not may_view(request):
        return JsonResponse({"error": "you may not see market data"}, status=403)
    board, blocks = current()
    return _answer(request, blocks.version, board.as_json)


def _answer(request: HttpRequest, version: str, make: Callable[[], dict[str, Any]]) -> HttpResponse:
    answer = unless_known(request, version, lambda: JsonResponse(make()))
    answer["X-Now-Ms"] = str(clock.now_ms())  # a 304 has no body
    return answer
