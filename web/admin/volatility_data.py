"""Read-only pages of the volatility surface and of the term structure."""

from __future__ import annotations

from django.contrib import admin

from warehouse.models import SurfacePoint, TermDay
from web.admin.base import DailyAdmin


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
