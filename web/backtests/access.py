"""Who may see backtests, and who may ask for them, cancel and continue them."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from web.signals.access import View, needs

VIEW, RUN = "warehouse.view_backtest", "warehouse.add_backtest"

for_viewers = needs(VIEW)
for_operators = needs(RUN)


def data_for_viewers(view: View) -> View:
    """Refuse requests for data with one sentence, without a redirect that a script would follow to a page."""

    @wraps(view)
    def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return JsonResponse({"detail": "Log in to read this document."}, status=401)
        if not (request.user.is_staff and request.user.has_perm(VIEW)):
            return JsonResponse({"detail": "Your account may not view backtests."}, status=403)
        return view(request, *arguments, **named)

    return checked
