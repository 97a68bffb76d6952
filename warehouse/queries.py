"""Read queries of ingestion, flow and reports. Times are epoch milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

from warehouse.models import GammaExposure, IngestionRun, WatchlistEntry
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask


@dataclass(frozen=True, slots=True)
class LatestChain:
    """Newest run of a symbol's chain, and the gamma snapshot of its slot if stored."""

    symbol: str
    run: IngestionRun
    gamma: GammaExposure | None


@dataclass(frozen=True, slots=True)
class TradeCounts:
    """Stored trades of a symbol, without cancels and cancelled ones. A sweep of several trades counts once."""

    trades: int
    sweeps: int
    blocks: int


def watchlist_entry(symbol: str) -> WatchlistEntry:
    """Return the entry of a symbol. Raises WatchlistEntry.DoesNotExist for one that is not watched."""
    return WatchlistEntry.objects.get(symbol=symbol)


def watchlist_entries() -> list[WatchlistEntry]:
    """Return all entries, ordered by symbol."""
    return list(WatchlistEntry.objects.order_by("symbol"))


def watched_chains() -> list[WatchlistEntry]:
    """Return the entries whose chain is ingested, ordered by symbol."""
    return list(WatchlistEntry.objects.filter(ingest_chain=True).order_by("symbol"))


def watched_flow() -> list[WatchlistEntry]:
    """Return the entries whose trades are stored, ordered by symbol."""
    return list(WatchlistEntry.objects.filter(ingest_flow=True).order_by("symbol"))


def run_statuses(task: str, symbol: str, since_ms: int) -> dict[int, str]:
    """Return the status of each run of a task and symbol by slot, from `since_ms` on."""
    found = IngestionRun.objects.filter(task=task, symbol=symbol, slot__gte=since_ms)
    return dict(found.values_list("slot", "status"))


def run_results(task: str, slot: int) -> dict[str, dict[str, Any]]:
    """Return the result of each finished run of a task and slot by symbol; empty where a run has none."""
    found = IngestionRun.objects.filter(task=task, slot=slot, status=RunStatus.DONE)
    return {symbol: result or {} for symbol, result in found.values_list("symbol", "result")}


def fetch_times(task: str, symbol: str, slots_ms: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return the delay of the data (ms, 0 if unknown) and the start of each run (epoch ms), by slot."""
    found = IngestionRun.objects.filter(task=task, symbol=symbol, slot__in=slots_ms)
    rows = found.values_list("slot", "data_delay_ms", "started_at")
    return {slot: (delay_ms or 0, started_ms) for slot, delay_ms, started_ms in rows}


def latest_chains() -> list[LatestChain]:
    """Return the newest run of every watched symbol that has one."""
    chains = []
    for entry in watched_chains():
        run = (
            IngestionRun.objects.filter(task=RunTask.INGEST_CHAIN, symbol=entry.symbol)
            .order_by("-slot")
            .first()
        )
        if run is not None:
            gamma = GammaExposure.objects.filter(symbol=entry.symbol, timestamp=run.slot).first()
            chains.append(LatestChain(str(entry.symbol), run, gamma))
    return chains


def trade_counts(symbols: Sequence[str], from_ms: int, to_ms: int) -> dict[str, TradeCounts]:
    """Return the counts of each symbol between two exchange times (inclusive)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, count(*),"
            " count(DISTINCT (contract_ticker, coalesce(sweep_id, sequence_number))) FILTER (WHERE is_sweep),"
            " count(*) FILTER (WHERE is_block) FROM options_flow_history"
            ' WHERE symbol = ANY(%s) AND "timestamp" BETWEEN %s AND %s AND NOT is_cancel AND canceled_by IS NULL'
            " GROUP BY symbol",
            [list(symbols), from_ms, to_ms],
        )
        found = {symbol: TradeCounts(*counts) for symbol, *counts in cursor.fetchall()}
    return {symbol: found.get(symbol, TradeCounts(0, 0, 0)) for symbol in symbols}


def rows_per_table() -> dict[str, int]:
    """Return exact row counts by table. Reads whole indexes, so it is for reports only."""
    models = apps.get_app_config("warehouse").get_models()
    return {model._meta.db_table: model._default_manager.count() for model in models}
