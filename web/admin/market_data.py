"""Read-only pages of market data, with the filters and searches that an index serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from warehouse.models import (
    CorporateAction,
    ExpirationCurve,
    FlowSlot,
    HistoricalBar,
    HistoricalGreeks,
    OptionsFlow,
    SupersededRow,
)
from warehouse.models.enums import Timeframe
from web.admin.base import ReadOnlyAdmin, TimedAdmin, side_known
from web.admin.row_charts import ChartsOfRow, RowChart, session_query
from web.charts.documents.price import TIMEFRAMES
from web.lists import filters


class ExDateFilter(filters.SessionFilter):
    """Filter by the ex-date of an action."""

    title = "ex-date"
    column = "ex_date"


@admin.register(HistoricalGreeks)
class HistoricalGreeksAdmin(ChartsOfRow, TimedAdmin):
    """Option chains with greeks."""

    def row_charts(self, row: HistoricalGreeks) -> list[RowChart]:
        name = str(row.contract_ticker).removeprefix("O:")[:-9]
        return [RowChart(str(row.symbol), "smile", f"slot={row.timestamp}&expirations={name}")]

    search_help_text = "symbol or contract, such as SPX or O:SPXW251219C06475000"
    symbol_orders = {"timestamp": ("timestamp", "contract_ticker")}
    contract_orders = symbol_orders
    phone = ("timestamp", "contract_ticker", "implied_volatility", "delta", "open_interest")
    list_filter = (
        *(filters.SymbolFilter, filters.ContractFilter, filters.RecentFilter, filters.DateFilter),
        *("option_type", filters.ExpirationFilter, filters.ExpiryFilter, "source"),
    )
    list_display = (
        *("timestamp", "symbol", "contract_ticker", "option_type", "strike", "expiration"),
        *("underlying_price", "bid", "ask", "implied_volatility", "iv_status", "delta", "gamma"),
        *("open_interest", "greeks_source", "source"),
    )


@admin.register(HistoricalBar)
class HistoricalBarAdmin(ChartsOfRow, TimedAdmin):
    """Bars. Those of a day and longer have no chart."""

    def row_charts(self, row: HistoricalBar) -> list[RowChart]:
        if row.timeframe not in TIMEFRAMES:
            return []
        query = f"{session_query(int(row.timestamp))}&timeframe={row.timeframe}"
        return [RowChart(str(row.symbol), "price", query)]

    search_help_text = "symbol or contract, such as SPY or O:SPXW251219C06475000"
    symbol_orders = {"timestamp": ("timestamp", "timeframe")}
    phone = ("timestamp", "symbol", "timeframe", "close", "volume")
    list_filter = (filters.SymbolFilter, "timeframe", filters.RecentFilter, filters.DateFilter, "source")
    list_display = (
        *("timestamp", "symbol", "timeframe", "open", "high", "low", "close", "volume", "known_at", "source"),
    )

    def variants(self, queryset: QuerySet[Any], chosen: set[str]) -> Sequence[QuerySet[Any]]:
        """Return one queryset per timeframe where none is chosen: the key of bars has it before the time."""
        if "symbol" not in chosen or "timeframe" in chosen:
            return [queryset]
        return [queryset.filter(timeframe=one) for one in Timeframe.values]


@admin.register(CorporateAction)
class CorporateActionAdmin(ReadOnlyAdmin):
    """Splits and cash dividends."""

    search_fields = ("symbol",)
    search_help_text = "symbol, such as AAPL"
    orders = {"ex_date": ("ex_date", "id")}
    list_filter = (filters.SymbolFilter, "kind", ExDateFilter, "source")
    list_display = (
        *("ex_date", "symbol", "kind", "cash_amount", "split_from", "split_to", "dividend_type"),
        *("declaration_date", "known_at", "withdrawn_at", "source"),
    )


@admin.register(ExpirationCurve)
class ExpirationCurveAdmin(TimedAdmin):
    """Forwards, rates and at-the-money volatilities by expiration."""

    symbol_orders = {"timestamp": ("timestamp", "root", "expiration")}
    list_filter = (*TimedAdmin.list_filter, filters.ExpirationFilter, "quality")
    list_display = (
        "timestamp",
        "symbol",
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


@admin.register(FlowSlot)
class FlowSlotAdmin(TimedAdmin):
    """Sums of 15 minutes of trades."""

    list_display = (
        "timestamp",
        "symbol",
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


class TableFilter(filters.ListFilter):
    """Filter by the table of the rows."""

    title = "table"
    parameter_name = "table_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = apps.get_app_config("warehouse").get_models()
        tables = sorted(
            one._meta.db_table for one in models if hasattr(one, "computed_at") or one is OptionsFlow
        )
        return [(table, table.replace("_", " ")) for table in tables]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {table for table, _ in self.lookup_choices}
        return queryset.filter(table_name=self.value()) if self.value() in known else queryset


@admin.register(SupersededRow)
class SupersededRowAdmin(ReadOnlyAdmin):
    """Earlier versions of rows."""

    orders = {"superseded_at": ("superseded_at", "id")}
    time_orders = ("superseded_at",)
    heavy = ("row",)
    list_display = ("superseded_at", "table_name", "key", "known_at")
    list_filter = (TableFilter,)
