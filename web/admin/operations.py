"""Read-only pages of runs, fetched ranges, heartbeats, gaps, repairs, dead letters, clock."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from warehouse.models import (
    ContractListing,
    DeadLetter,
    FetchedRange,
    Heartbeat,
    IngestionRun,
    RepairContract,
    StreamGap,
    WarehouseClock,
)
from web.admin.base import ReadOnlyAdmin
from web.lists import filters
from web.lists.filters import SymbolFilter


class RecentSlotFilter(filters.RecentFilter):
    """Filter by the slot of a run."""

    column = "slot"


class SlotDateFilter(filters.DateFilter):
    """Filter by the date of a run's slot."""

    column = "slot"


class GapDateFilter(filters.DateFilter):
    """Filter by the date on which a gap began."""

    column = "from_ms"


@admin.register(IngestionRun)
class IngestionRunAdmin(ReadOnlyAdmin):
    """Runs of the ledger."""

    search_fields = ("symbol",)
    search_help_text = "symbol, such as SPX"
    orders = {"slot": ("slot", "id")}
    time_orders = ("slot",)
    phone = ("slot", "task", "symbol", "status", "error")
    list_filter = ("status", SymbolFilter, RecentSlotFilter, SlotDateFilter)
    list_display = (
        *(
            "slot",
            "task",
            "symbol",
            "status",
            "contracts",
            "rows",
            "duration_ms",
            "attempts",
            "started_at",
            "error",
        ),
    )


@admin.register(FetchedRange)
class FetchedRangeAdmin(ReadOnlyAdmin):
    """Time ranges that were fetched."""

    search_fields = ("symbol",)
    search_help_text = "symbol or contract, such as SPX"
    orders = {"until_ms": ("until_ms", "id")}
    time_orders = ("until_ms",)
    list_filter = (SymbolFilter,)
    list_display = ("until_ms", "after_ms", "kind", "symbol")


@admin.register(ContractListing)
class ContractListingAdmin(ReadOnlyAdmin):
    """Contracts that were listed, by week of expirations."""

    heavy = ("series",)
    search_fields = ("symbol",)
    search_help_text = "symbol, such as SPX"
    orders = {"week": ("week", "symbol")}
    list_filter = (SymbolFilter,)
    list_display = ("week", "symbol", "known_as_of", "rejected")


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """Heartbeats of processes."""

    orders = {"last_scan": ("last_scan", "id")}
    time_orders = ("last_scan",)
    list_filter = ("status",)
    list_display = ("id", "last_scan", "status", "signals_detected")


@admin.register(StreamGap)
class StreamGapAdmin(ReadOnlyAdmin):
    """Times in which a feed was not received."""

    orders = {"from_ms": ("from_ms", "id")}
    time_orders = ("from_ms",)
    list_filter = ("status", GapDateFilter)
    list_display = (
        *("from_ms", "to_ms", "feed", "reason", "status"),
        *("contracts", "repaired", "unrepairable", "repaired_at"),
    )


@admin.register(RepairContract)
class RepairContractAdmin(ReadOnlyAdmin):
    """Contracts that are asked to repair a gap, those with the largest volume first."""

    orders = {"volume": ("volume", "id")}
    list_select_related = ("gap",)
    search_fields = ("symbol",)
    search_help_text = "symbol or contract, such as O:SPXW251219C06475000"
    list_filter = ("outcome", SymbolFilter, filters.ContractFilter)
    list_display = ("contract_ticker", "of_gap", "volume", "outcome", "attempts", "trades", "asked_at")

    @admin.display(description="gap")
    def of_gap(self, row: Any) -> str:
        return str(row.gap)


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """Batches that could not be stored."""

    orders = {"created_at": ("created_at", "batch_id")}
    time_orders = ("created_at",)
    heavy = ("payload",)
    list_display = ("created_at", "batch_id", "attempts", "error")


@admin.register(WarehouseClock)
class WarehouseClockAdmin(ReadOnlyAdmin):
    """Offset of the market's clock."""

    list_display = ("offset_ms",)
