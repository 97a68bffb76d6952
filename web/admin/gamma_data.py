"""Read-only pages of dealer gamma."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import display

from warehouse.models import ExpirationGamma, GammaExposure, GammaSlot, HistoricalGreeks
from warehouse.models.enums import Source, SpotSource
from web.admin.base import TimedAdmin
from web.admin.row_charts import ChartsOfRow, RowChart
from web.charts.conventions_table import conventions_table
from web.lists import cells, filters

# The source of the chain behind a snapshot, where that of its spot tells it. Spot by parity may be of any chain.
_SOURCES = {
    SpotSource.CHAIN: Source.LIVE,
    SpotSource.SNAPSHOT: Source.LIVE,
    SpotSource.BARS: Source.BACKFILL,
    SpotSource.FILE: Source.IMPORT,
}


@admin.register(GammaExposure)
class GammaExposureAdmin(ChartsOfRow, TimedAdmin):
    """Gamma exposure snapshots."""

    heavy = ("gamma_by_strike", "oi_by_strike", "sensitivity", "flip_points")
    # Hundreds of strikes, which the chart shows, and what the table of conventions shows.
    exclude = ("gamma_by_strike", "oi_by_strike", "sensitivity")
    readonly_fields = ("charts", "conventions")
    list_filter = (*TimedAdmin.list_filter, "dealer_positioning", "oi_source")
    phone = ("timestamp", "symbol", "total_gamma", "dealer_positioning", "gamma_flip")
    list_display = (
        "timestamp",
        "symbol",
        "underlying_price",
        "total_gamma",
        "dealer_positioning",
        "expected_behavior",
        "gamma_wall_resistance",
        "gamma_wall_support",
        "gamma_flip",
        "flip_status",
        "oi_source",
        "spot_source",
        "source",
    )

    def source_of(self, row: GammaExposure) -> str | None:
        return _SOURCES.get(SpotSource(row.spot_source)) if row.spot_source else None

    @display(description="source")
    def source(self, row: GammaExposure) -> str:
        found = self.source_of(row)
        return cells.badge(HistoricalGreeks._meta.get_field("source"), found) if found else ""

    def row_charts(self, row: GammaExposure) -> list[RowChart]:
        query = f"slot={row.timestamp}"
        return [RowChart(str(row.symbol), chart, query) for chart in ("gamma", "profile")]

    @display(description="net gamma by convention, $ per 1 % move")
    def conventions(self, row: GammaExposure) -> str:
        return conventions_table(row.sensitivity)


@admin.register(GammaSlot)
class GammaSlotAdmin(TimedAdmin):
    """Gamma snapshots in short."""

    list_filter = (*TimedAdmin.list_filter, "dealer_positioning", "oi_source")
    list_display = (
        "timestamp",
        "symbol",
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

    symbol_orders = {"timestamp": ("timestamp", "root", "expiration")}
    list_filter = (*TimedAdmin.list_filter, "bucket", filters.ExpirationFilter, "oi_source")
    list_display = (
        "timestamp",
        "symbol",
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
        "oi_source",
    )
