"""Read-only pages of runs, fetched ranges, heartbeats, gaps, repairs, dead letters, session exceptions, clock."""

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
    SessionException,
    StreamGap,
    WarehouseClock,
)
from web.admin.base import ReadOnlyAdmin, RecentFilter, SymbolFilter, new_york


class RecentSlotFilter(RecentFilter):
    """Filter by the slot of a run."""

    column = "slot"


@admin.register(IngestionRun)
class IngestionRunAdmin(ReadOnlyAdmin):
    """Runs of the ledger."""

    search_fields = ("symbol__exact",)
    search_help_text = "symbol, exactly: SPX"
    list_filter = (("status", admin.ChoicesFieldListFilter), SymbolFilter, RecentSlotFilter)
    list_display = ("task", "symbol", "at", "status", "contracts", "rows", "duration_ms", "attempts", "error")

    @admin.display(description="slot, New York")
    def at(self, row: Any) -> str:
        return new_york(row.slot)


@admin.register(FetchedRange)
class FetchedRangeAdmin(ReadOnlyAdmin):
    """Time ranges that were fetched."""

    search_fields = ("symbol__exact",)
    search_help_text = "symbol or contract ticker, exactly: SPX"
    list_filter = (SymbolFilter,)
    list_display = ("kind", "symbol", "after_at", "until_at")

    @admin.display(description="after, New York")
    def after_at(self, row: Any) -> str:
        return new_york(row.after_ms)

    @admin.display(description="until, New York")
    def until_at(self, row: Any) -> str:
        return new_york(row.until_ms)


@admin.register(ContractListing)
class ContractListingAdmin(ReadOnlyAdmin):
    """Contracts that were listed, by week of expirations."""

    heavy = ("series",)
    search_fields = ("symbol__exact",)
    search_help_text = "symbol, exactly: SPX"
    list_filter = (SymbolFilter,)
    list_display = ("symbol", "week", "as_of", "rejected")

    @admin.display(description="known as of, New York")
    def as_of(self, row: Any) -> str:
        return new_york(row.known_as_of)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """Heartbeats of processes."""

    ordering = ("-last_scan",)
    list_display = ("id", "at", "status", "signals_detected")

    @admin.display(description="last scan, New York")
    def at(self, row: Any) -> str:
        return new_york(row.last_scan)


@admin.register(StreamGap)
class StreamGapAdmin(ReadOnlyAdmin):
    """Times in which a feed was not received."""

    list_filter = (("status", admin.ChoicesFieldListFilter),)
    list_display = (
        *("feed", "from_at", "to_at", "reason", "status"),
        *("contracts", "repaired", "unrepairable", "repaired_on"),
    )

    @admin.display(description="from, New York")
    def from_at(self, row: Any) -> str:
        return new_york(row.from_ms)

    @admin.display(description="to, New York")
    def to_at(self, row: Any) -> str:
        return new_york(row.to_ms)

    @admin.display(description="repaired, New York")
    def repaired_on(self, row: Any) -> str:
        return new_york(row.repaired_at)


@admin.register(RepairContract)
class RepairContractAdmin(ReadOnlyAdmin):
    """Contracts that are asked to repair a gap, in the order in which they are asked."""

    ordering = ("gap", "attempts", "-volume", "symbol", "contract_ticker")
    list_select_related = ("gap",)
    search_fields = ("contract_ticker__exact",)
    search_help_text = "contract ticker, exactly: O:SPXW251219C06475000"
    list_filter = (("outcome", admin.ChoicesFieldListFilter), SymbolFilter)
    list_display = ("contract_ticker", "of_gap", "volume", "outcome", "attempts", "trades", "at")

    @admin.display(description="gap from, New York")
    def of_gap(self, row: Any) -> str:
        return new_york(row.gap.from_ms)

    @admin.display(description="answered, New York")
    def at(self, row: Any) -> str:
        return new_york(row.asked_at)


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """Batches that could not be stored."""

    ordering = ("-created_at",)
    heavy = ("payload",)
    list_display = ("batch_id", "at", "attempts", "error")

    @admin.display(description="stored as dead letter, New York")
    def at(self, row: Any) -> str:
        return new_york(row.created_at)


@admin.register(SessionException)
class SessionExceptionAdmin(ReadOnlyAdmin):
    """Sessions on which the provider differs from the exchange calendar."""

    ordering = ("-date",)
    list_display = ("date", "opens_at", "closes_at", "reason")

    @admin.display(description="opens, New York")
    def opens_at(self, row: Any) -> str:
        return new_york(row.opens_ms)

    @admin.display(description="closes, New York")
    def closes_at(self, row: Any) -> str:
        return new_york(row.closes_ms)


@admin.register(WarehouseClock)
class WarehouseClockAdmin(ReadOnlyAdmin):
    """Offset of the market's clock."""

    list_display = ("__str__",)
