"""The front page of the admin, and the blocks and the document that it polls."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.safestring import mark_safe

from monitoring.timeout_probe import Cached
from warehouse import clock
from web import health
from web.dashboard import document
from web.dashboard.blocks import Blocks, render
from web.dashboard.document import Dashboard

SECONDS = 5.0  # for which all pages of a process share one document
PERMISSION = "warehouse.view_gammaexposure"


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
    if not _may_see(request):
        return context
    board, blocks = current()
    html = {name: mark_safe(text) for name, text in blocks.html.items()}  # noqa: S308  # rendered from templates
    return context | {"blocks": html, "version": blocks.version, "now_ms": board.market.now_ms}


@staff_member_required
def show_blocks(request: HttpRequest) -> HttpResponse:
    """Serve the blocks as JSON, or 304 where the client has this version; `now_ms` is the market's clock, epoch ms."""
    if not _may_see(request):
        return JsonResponse({"error": "you may not see market data"}, status=403)
    blocks = current().blocks
    return _unless_known(
        request,
        blocks.version,
        lambda: {"version": blocks.version, "now_ms": clock.now_ms(), "blocks": blocks.html},
    )


@staff_member_required
def show_document(request: HttpRequest) -> HttpResponse:
    """Serve the values of the dashboard as JSON; units are in the docstrings of `web.dashboard`."""
    if not _may_see(request):
        return JsonResponse({"error": "you may not see market data"}, status=403)
    board, blocks = current()
    return _unless_known(request, blocks.version, board.as_json)


def _may_see(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(PERMISSION))


def _unless_known(request: HttpRequest, version: str, make: Any) -> HttpResponse:
    tag = f'"{version}"'
    known = request.headers.get("If-None-Match") == tag
    answer = HttpResponseNotModified() if known else JsonResponse(make())
    answer["ETag"] = tag
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Now-Ms"] = str(clock.now_ms())  # a 304 has no body
    return answer
