"""Read-only pages of the volatility surface and of the term structure."""

from __future__ import annotations

from django.contrib import admin

from warehouse.models import SurfacePoint, TermDay
from web.admin.base import DailyAdmin
from web.admin.row_charts import ChartsOfRow, RowChart, close_query


@admin.register(SurfacePoint)
class SurfacePointAdmin(ChartsOfRow, DailyAdmin):
    """Points of volatility surfaces."""

    def row_charts(self, row: SurfacePoint) -> list[RowChart]:
        return [RowChart(str(row.symbol), "surface", close_query(row.date))]

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
class TermDayAdmin(ChartsOfRow, DailyAdmin):
    """Term structures."""

    def row_charts(self, row: TermDay) -> list[RowChart]:
        return [RowChart(str(row.symbol), chart, close_query(row.date)) for chart in ("term", "skew")]

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
