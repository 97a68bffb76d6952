"""Reads of the warehouse that other packages may use."""

from __future__ import annotations

from statistics import median

from warehouse.models import GammaExposure, IngestionRun, WatchlistEntry

FULL_DAY_SLOTS = 27
SESSIONS = 20


def watched_chains() -> list[WatchlistEntry]:
    """The watchlist entries whose chains are ingested, by symbol."""
    return list(WatchlistEntry.objects.filter(ingest_chain=True).order_by("symbol"))


def watchlist_entry(symbol: str) -> WatchlistEntry:
    """The entry of one symbol. Raises WatchlistEntry.DoesNotExist."""
    return WatchlistEntry.objects.get(symbol=symbol)


def run_statuses(task: str, symbol: str, since_ms: int) -> dict[int, str]:
    """Status by slot (epoch ms) of a symbol's runs from `since_ms` on."""
    runs = IngestionRun.objects.filter(task=task, symbol=symbol, slot__gte=since_ms)
    return dict(runs.values_list("slot", "status"))


def median_gross_gamma(symbol: str, before_ms: int) -> float | None:
    """Median gross gamma, dollars per 1 % move, of the last 20 sessions' snapshots before `before_ms`; None where
    fewer than one session is stored."""
    snapshots = GammaExposure.objects.filter(
        symbol=symbol, timestamp__lt=before_ms, gross_gamma__isnull=False
    )
    newest = snapshots.order_by("-timestamp").values_list("gross_gamma", flat=True)[
        : SESSIONS * FULL_DAY_SLOTS
    ]
    gross = [float(value) for value in newest if value is not None]
    return median(gross) if len(gross) >= FULL_DAY_SLOTS else None
