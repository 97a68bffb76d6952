"""Promotion of weights by a person, after a sentence of consequences, and restoring of earlier ones."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from backtest.optimiser import promotion
from backtest.optimiser.promotion import NotPromotedError
from warehouse import clock
from warehouse.models import ConfluenceConfig, Optimization
from web.optimiser import history, rows
from web.optimiser.access import for_promoters


@for_promoters
def promote(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/optimiser/<pk>/promote/`: a question, and with POST the promotion, in the log of the admin.

    A result that is not above chance is asked for twice: the first POST shows the second question, whose form has
    `sure`.
    """
    found = Optimization.objects.select_related("config").defer(*rows.LARGE[:2])
    optimization = get_object_or_404(found, pk=pk)
    reason = promotion.refusal(optimization)
    is_sure = request.POST.get("sure") == "yes"
    asks_again = promotion.asks_twice(optimization) and not is_sure
    if request.method != "POST" or (asks_again and not reason):
        context = {
            **admin.site.each_context(request),
            "title": "Promote",
            "optimization": optimization,
            "reason": reason,
            "consequences": promotion.consequences(optimization),
            "replaced": history.active(),
            "is_second": request.method == "POST",
        }
        return render(request, "web/optimiser/promote.html", context)
    try:
        with transaction.atomic():
            config = promotion.promote(pk, request.user.get_username(), clock.now_ms(), is_sure=is_sure)
            _log(request, config, "Promoted: the scanner scores with these weights.")
    except NotPromotedError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"The weights of {config} are active from the next bar on.")
    return redirect("optimization", pk)


@for_promoters
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/optimiser/weights/<pk>/restore/`: a question, and with POST earlier weights are active again."""
    return _restore(request, get_object_or_404(ConfluenceConfig, pk=pk))


@for_promoters
def restore_default(request: HttpRequest) -> HttpResponse:
    """Serve `/optimiser/weights/default/restore/`: a question, and with POST the default weights are active again."""
    return _restore(request, None)


def _restore(request: HttpRequest, earlier: ConfluenceConfig | None) -> HttpResponse:
    present = history.active()
    if request.method != "POST":
        context = {
            **admin.site.each_context(request),
            "title": "Restore",
            "earlier": earlier,
            "present": present,
        }
        return render(request, "web/optimiser/restore.html", context)
    try:
        with transaction.atomic():
            restored = promotion.restore(
                None if earlier is None else int(earlier.pk), request.user.get_username(), clock.now_ms()
            )
            if restored is not None:
                _log(request, restored, "Restored: the scanner scores with these weights again.")
            elif present is not None:
                _log(request, present, "Retired: the scanner scores with the default weights again.")
    except NotPromotedError as error:
        messages.warning(request, str(error))
    else:
        name = f"The weights of {earlier}" if earlier else "The default weights"
        messages.success(request, f"{name} are active again from the next bar on.")
    return redirect("optimizations")


def _log(request: HttpRequest, config: ConfluenceConfig, sentence: str) -> None:
    LogEntry.objects.log_actions(int(request.user.pk or 0), [config], CHANGE, sentence, single_object=True)
