"""Read-only pages of rows by session."""

from __future__ import annotations

from django.contrib import admin

from warehouse.models import ContractSizeDay, FlowDay, FlowOpeningDay, GammaDay, IvPercentile, MarketRegimeDay
from web.admin.base import DailyAdmin, side_known
from web.admin.row_charts import ChartsOfRow, RowChart, close_query
from web.lists import filters


@admin.register(IvPercentile)
class IvPercentileAdmin(ChartsOfRow, DailyAdmin):
    """IV percentiles."""

    def row_charts(self, row: IvPercentile) -> list[RowChart]:
        return [RowChart(str(row.symbol), "iv", close_query(row.date))]

    phone = ("date", "symbol", "current_iv", "iv_rank", "iv_percentile")
    list_filter = (*DailyAdmin.list_filter, "iv_regime", "recommendation")
    list_display = (
        "date",
        "symbol",
        "current_iv",
        "iv_rank",
        "iv_percentile",
        "variance_index",
        "variance_status",
        "variance_risk_premium",
        "iv_regime",
        "iv_trend",
        "recommendation",
        "data_points",
        "is_provisional",
    )


@admin.register(MarketRegimeDay)
class MarketRegimeDayAdmin(ChartsOfRow, DailyAdmin):
    """Market regimes."""

    def row_charts(self, row: MarketRegimeDay) -> list[RowChart]:
        return [RowChart(None, "regime", close_query(row.date))]

    search_fields = ()
    search_help_text = None
    orders = {"date": ("date",)}
    list_filter = (filters.SessionFilter, "market_regime", "vix_regime")
    list_display = (
        "date",
        "market_regime",
        "confidence_score",
        "vix_level",
        "vix_source",
        "vix_regime",
        "breadth_regime",
        "put_call_regime",
    )


@admin.register(FlowDay)
class FlowDayAdmin(DailyAdmin):
    """Daily sums of trades."""

    list_display = (
        "date",
        "symbol",
        "trades",
        "premium",
        "premium_unknown",
        "sweeps",
        "bullish_sweeps",
        "bearish_sweeps",
        side_known,
        "blocks",
    )


@admin.register(FlowOpeningDay)
class FlowOpeningDayAdmin(DailyAdmin):
    """Daily opening flow."""

    list_display = (
        "date",
        "symbol",
        "contracts",
        "opened_contracts",
        "closed_contracts",
        "unknown_contracts",
        "opened_premium",
        "closed_premium",
    )


@admin.register(GammaDay)
class GammaDayAdmin(DailyAdmin):
    """Daily dealer gamma."""

    list_display = (
        "date",
        "symbol",
        "snapshots",
        "total_gamma_close",
        "dealer_positioning",
        "gamma_flip_close",
    )


@admin.register(ContractSizeDay)
class ContractSizeDayAdmin(DailyAdmin):
    """Daily trade sizes."""

    list_display = ("date", "symbol", "trades", "contracts")
