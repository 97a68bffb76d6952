"""Read-only pages of signals, their events and the weights of scores."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from signals.detectors.registry import BY_NAME
from warehouse.models import ConfluenceBar, ConfluenceConfig, Signal, SignalEvent
from web.admin.base import ReadOnlyAdmin, TimedAdmin
from web.lists import filters
from web.lists.filters import ListFilter
from web.signals.naming import detector_title


class BarEndDateFilter(filters.DateFilter):
    """Filter by the date of the bar on which a detector fired."""

    column = "bar_end"


class RecentBarFilter(filters.RecentFilter):
    """Filter by how long ago the bar ended."""

    column = "bar_end"


class DetectorFilter(ListFilter):
    """Filter by detector."""

    title = "detector"
    parameter_name = "detector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, detector_title(name)) for name in BY_NAME]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(detector=self.value()) if self.value() in BY_NAME else queryset


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Firings of detectors. What a person may do with one, dismissal, is on its own page."""

    search_fields = ("symbol",)
    search_help_text = "symbol, such as SPY"
    orders = {"bar_end": ("bar_end", "id")}
    symbol_orders = {"bar_end": ("bar_end", "id")}
    time_orders = ("bar_end",)
    heavy = ("conditions", "factors", "terms", "components", "contexts")
    readonly_fields = ("own_page",)
    phone = ("bar_end", "symbol", "detector", "final_score", "disposition")
    list_filter = (
        filters.SymbolFilter,
        DetectorFilter,
        "disposition",
        "direction",
        RecentBarFilter,
        BarEndDateFilter,
    )
    list_display = (
        *(
            "bar_end",
            "symbol",
            "timeframe",
            "detector",
            "direction",
            "disposition",
            "final_score",
            "base_score",
        ),
        *("confluence", "style", "reference_price", "stop", "targets", "blocked_by"),
    )

    @admin.display(description="page of the signal")
    def own_page(self, row: Signal) -> SafeString:
        address = reverse("signal", args=[row.pk])
        return format_html(
            '<p><a class="button" href="{}">Chart, score and lifecycle of the signal</a></p>', address
        )


@admin.register(SignalEvent)
class SignalEventAdmin(TimedAdmin):
    """Steps in the lives of signals."""

    list_filter = (*TimedAdmin.list_filter, "kind")
    list_select_related = ("signal",)
    phone = ("timestamp", "symbol", "kind", "price")
    list_display = ("timestamp", "symbol", "kind", "of_signal", "price", "reason", "username", "known_at")

    @admin.display(description="signal")
    def of_signal(self, row: SignalEvent) -> str:
        return str(row.signal)


@admin.register(ConfluenceBar)
class ConfluenceBarAdmin(ReadOnlyAdmin):
    """Confluence of symbols at each bar."""

    search_fields = ("symbol",)
    search_help_text = "symbol, such as SPY"
    orders = {"bar_end": ("bar_end", "id")}
    symbol_orders = {"bar_end": ("bar_end", "id")}
    time_orders = ("bar_end",)
    heavy = ("components",)
    list_filter = (filters.SymbolFilter, RecentBarFilter, BarEndDateFilter)
    list_display = ("bar_end", "symbol", "side", "overall", "known_at")


@admin.register(ConfluenceConfig)
class ConfluenceConfigAdmin(ReadOnlyAdmin):
    """Weights of scores. Without an active row, those of the code are used."""

    heavy = ("weights",)
    list_display = (
        "id",
        "name",
        "status",
        "made_by",
        "created_at",
        "promoted_at",
        "promoted_by",
        "retired_at",
    )
