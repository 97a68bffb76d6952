"""Read-only pages of market data, with the filters and searches that an index serves."""

from __future__ import annotations

from django.contrib import admin

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
from web.admin.row_charts import ChartsOfRow, RowChart, session_query
from web.charts.conventions_table import conventions_table
from web.charts.documents.price import TIMEFRAMES


@admin.register(HistoricalGreeks)
class HistoricalGreeksAdmin(ChartsOfRow, TimedAdmin):
    """Option chains with greeks."""

    def row_charts(self, row: HistoricalGreeks) -> list[RowChart]:
        name = str(row.contract_ticker).removeprefix("O:")[:-9]
        return [RowChart(str(row.symbol), "smile", f"slot={row.timestamp}&expirations={name}")]

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
class OptionsFlowAdmin(ChartsOfRow, TimedAdmin):
    """Classified trades."""

    def row_charts(self, row: OptionsFlow) -> list[RowChart]:
        query = session_query(int(row.timestamp))
        return [RowChart(str(row.symbol), chart, query) for chart in ("trades", "intervals")]

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
class HistoricalBarAdmin(ChartsOfRow, TimedAdmin):
    """Bars. Those of a day and longer have no chart."""

    def row_charts(self, row: HistoricalBar) -> list[RowChart]:
        if row.timeframe not in TIMEFRAMES:
            return []
        query = f"{session_query(int(row.timestamp))}&timeframe={row.timeframe}"
        return [RowChart(str(row.symbol), "price", query)]

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
class GammaExposureAdmin(ChartsOfRow, TimedAdmin):
    """Gamma exposure snapshots."""

    heavy = ("gamma_by_strike", "oi_by_strike", "sensitivity", "flip_points")
    # Hundreds of strikes, which the chart shows, and what the table of conventions shows.
    exclude = ("gamma_by_strike", "oi_by_strike", "sensitivity")
    readonly_fields = ("charts", "conventions")
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

    def row_charts(self, row: GammaExposure) -> list[RowChart]:
        query = f"slot={row.timestamp}"
        return [RowChart(str(row.symbol), chart, query) for chart in ("gamma", "profile")]

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
