"""Pages of the volatility surface, of the term structure, and of the market events, which are edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from warehouse.models import MarketEvent, SurfacePoint, TermDay
from web.admin.base import DailyAdmin, EstimatedPaginator, ModelAdmin, units


@admin.register(SurfacePoint)
class SurfacePointAdmin(DailyAdmin):
    """Points of volatility surfaces."""

    list_display = (
        "symbol",
        "date",
        "tenor_days",
        "delta",
        "iv",
        "cubic_iv",
        "strike",
        "reason",
        "rmse",
        "n_quotes",
        "curves_disagree",
    )


@admin.register(TermDay)
class TermDayAdmin(DailyAdmin):
    """Term structures."""

    list_display = (
        "symbol",
        "date",
        "skew_25d_put_minus_call",
        "butterfly_25d",
        "slope",
        "skew_index",
        "implied_move",
        "event_reason",
        "settlements",
        "refused",
        "worst_rmse",
        "butterflies",
        "calendars",
    )


@admin.register(MarketEvent)
class MarketEventAdmin(ModelAdmin):
    """Market events."""

    paginator = EstimatedPaginator
    show_full_result_count = False
    ordering = ("-date", "symbol")
    list_display = ("symbol", "kind", "date", "timing", "is_confirmed")
    list_filter = ("kind",)
    search_fields = ("symbol__exact",)
    search_help_text = "symbol, exactly: SPX"
    fields = ("symbol", "kind", "date", "timing", "is_confirmed")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **{**options, "help_texts": units(self.model)})
