"""Read-only pages of market data, with the filters and searches that an index serves."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from warehouse.models import (
    ContractSizeDay,
    ExpirationGamma,
    FlowDay,
    FlowSlot,
    GammaDay,
    GammaExposure,
    GammaSlot,
    HistoricalBar,
    HistoricalGreeks,
    IvPercentile,
    MarketRegimeDay,
    OptionsFlow,
    SupersededRow,
)
from web.admin.base import ReadOnlyAdmin, RecentFilter, SymbolFilter, new_york
from web.charts.conventions_table import conventions_table
from web.charts.gamma_picture import gamma_picture


class TimedAdmin(ReadOnlyAdmin):
    """Rows with a time, filtered by symbol and time."""

    search_fields = ("symbol__exact",)  # "=symbol" compares UPPER(symbol), for which there is no index
    search_help_text = "symbol, exactly: SPX"
    list_filter: ClassVar[tuple[Any, ...]] = (SymbolFilter, RecentFilter)

    @admin.display(description="time, New York")
    def at(self, row: Any) -> str:
        return new_york(row.timestamp)


class DailyAdmin(ReadOnlyAdmin):
    """Rows of a session, filtered by symbol."""

    search_fields: ClassVar[tuple[str, ...]] = ("symbol__exact",)
    search_help_text: ClassVar[str | None] = "symbol, exactly: SPX"
    list_filter: ClassVar[tuple[Any, ...]] = (SymbolFilter,)


@admin.register(HistoricalGreeks)
class HistoricalGreeksAdmin(TimedAdmin):
    """Option chains with greeks."""

    list_display = (
        "contract_ticker",
        "at",
        "underlying_price",
        "bid",
        "ask",
        "implied_volatility",
        "iv_status",
        "delta",
        "gamma",
        "open_interest",
        "greeks_source",
    )


@admin.register(OptionsFlow)
class OptionsFlowAdmin(TimedAdmin):
    """Classified trades."""

    list_display = (
        "contract_ticker",
        "at",
        "size",
        "price",
        "premium",
        "trade_type",
        "sentiment",
        "aggressiveness",
        "side",
        "is_cancel",
    )


@admin.register(HistoricalBar)
class HistoricalBarAdmin(TimedAdmin):
    """Bars."""

    list_display = ("symbol", "timeframe", "at", "open", "high", "low", "close", "volume")


@admin.register(GammaExposure)
class GammaExposureAdmin(TimedAdmin):
    """Gamma exposure snapshots."""

    heavy = ("gamma_by_strike", "oi_by_strike", "sensitivity", "flip_points")
    # Hundreds of strikes, which the chart shows, and what the table of conventions shows.
    exclude = ("gamma_by_strike", "oi_by_strike", "sensitivity")
    readonly_fields = ("picture", "conventions")
    list_display = (
        "symbol",
        "at",
        "underlying_price",
        "total_gamma",
        "dealer_positioning",
        "expected_behavior",
        "gamma_wall_resistance",
        "gamma_wall_support",
        "gamma_flip",
        "flip_status",
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        shown = self.readonly_fields
        return [*shown, *(name for name in super().get_fields(request, obj) if name not in shown)]

    @admin.display(description="net gamma by strike, $ per 1 % move")
    def picture(self, row: GammaExposure) -> str:
        return gamma_picture(row)

    @admin.display(description="net gamma by convention, $ per 1 % move")
    def conventions(self, row: GammaExposure) -> str:
        return conventions_table(row.sensitivity)


@admin.register(GammaSlot)
class GammaSlotAdmin(TimedAdmin):
    """Gamma snapshots in short."""

    list_display = (
        "symbol",
        "at",
        "underlying_price",
        "total_gamma",
        "dealer_positioning",
        "gamma_wall_resistance",
        "gamma_wall_support",
        "gamma_flip",
        "flip_status",
        "oi_source",
    )


@admin.register(ExpirationGamma)
class ExpirationGammaAdmin(TimedAdmin):
    """Gamma by expiration."""

    list_display = (
        "symbol",
        "at",
        "root",
        "expiration",
        "bucket",
        "net_gamma",
        "call_gamma",
        "put_gamma",
        "delta_exposure",
        "vanna_exposure",
        "charm_exposure",
        "max_pain",
    )


@admin.register(FlowSlot)
class FlowSlotAdmin(TimedAdmin):
    """Sums of 15 minutes of trades."""

    list_display = (
        "symbol",
        "at",
        "trades",
        "premium",
        "call_premium",
        "put_premium",
        "bullish_premium",
        "bearish_premium",
        "sweeps",
        "blocks",
    )


@admin.register(SupersededRow)
class SupersededRowAdmin(ReadOnlyAdmin):
    """Earlier versions of rows."""

    list_display = ("table_name", "key", "known_at", "superseded_at")
    list_filter = ("table_name",)


@admin.register(IvPercentile)
class IvPercentileAdmin(DailyAdmin):
    """IV percentiles."""

    list_display = (
        "symbol",
        "date",
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
class MarketRegimeDayAdmin(DailyAdmin):
    """Market regimes."""

    search_fields = ()
    search_help_text = None
    list_filter = ()
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
        "symbol",
        "date",
        "trades",
        "premium",
        "sweeps",
        "bullish_sweeps",
        "bearish_sweeps",
        "blocks",
    )


@admin.register(GammaDay)
class GammaDayAdmin(DailyAdmin):
    """Daily dealer gamma."""

    list_display = (
        "symbol",
        "date",
        "snapshots",
        "total_gamma_close",
        "dealer_positioning",
        "gamma_flip_close",
    )


@admin.register(ContractSizeDay)
class ContractSizeDayAdmin(DailyAdmin):
    """Daily trade sizes."""

    list_display = ("symbol", "date", "trades", "contracts")
