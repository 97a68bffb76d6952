"""Read-only pages of market data, with the filters and searches that an index serves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from warehouse.models import (
    CorporateAction,
    ExpirationCurve,
    ExpirationGamma,
    FlowSlot,
    GammaExposure,
    GammaSlot,
    HistoricalBar,
    HistoricalGreeks,
    OptionsFlow,
    SupersededRow,
)
from web.admin.base import DailyAdmin, ReadOnlyAdmin, TimedAdmin, new_york, side_known
from web.charts.conventions_table import conventions_table
from web.charts.gamma_picture import gamma_picture


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
        "multiplier",
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


@admin.register(CorporateAction)
class CorporateActionAdmin(DailyAdmin):
    """Splits and cash dividends."""

    search_help_text = "symbol, exactly: AAPL"
    list_filter = ("kind",)  # splits are those of all stocks, not only of watched ones
    list_display = (
        "symbol",
        "kind",
        "ex_date",
        "cash_amount",
        "split_from",
        "split_to",
        "dividend_type",
        "declaration_date",
        "known",
        "withdrawn",
    )

    @admin.display(description="known, New York")
    def known(self, row: CorporateAction) -> str:
        return new_york(row.known_at)

    @admin.display(description="withdrawn, New York")
    def withdrawn(self, row: CorporateAction) -> str:
        return new_york(row.withdrawn_at)


@admin.register(ExpirationCurve)
class ExpirationCurveAdmin(TimedAdmin):
    """Forwards, rates and at-the-money volatilities by expiration."""

    list_display = (
        "symbol",
        "at",
        "root",
        "expiration",
        "exercise_style",
        "forward",
        "rate",
        "rate_source",
        "implied_borrow",
        "dividends",
        "atm_volatility",
        "quotes_used",
        "quality",
    )


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
        side_known,
        "premium_unknown",
        "sweeps",
        "blocks",
    )


@admin.register(SupersededRow)
class SupersededRowAdmin(ReadOnlyAdmin):
    """Earlier versions of rows."""

    list_display = ("table_name", "key", "known_at", "superseded_at")
    list_filter = ("table_name",)
