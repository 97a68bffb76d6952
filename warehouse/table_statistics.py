"""The figures operators know from the first worker's log: what was done since when, and what the tables hold.

Exact counts walk whole indexes: for a report on demand, not for a page or a scrape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models import Max

from quant.sessions import DAY_MS
from warehouse import heartbeats
from warehouse.models import (
    GammaExposure,
    HistoricalGreeks,
    IngestionRun,
    IvPercentile,
    MarketRegimeDay,
    OptionsFlow,
)
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of what was finished since `since_ms`; instants are epoch ms, None where there is nothing yet.

    `uptime_minutes` is that of the longest-living worker, None while none is alive; the counts then cover the
    last 24 hours.
    """

    since_ms: int
    uptime_minutes: int | None
    cycles_completed: int
    greeks_ingestions: int
    flow_trades: int
    iv_calculations: int
    gamma_snapshots: int
    regime_calculations: int
    errors: int
    last_greeks_ms: int | None
    last_flow_ms: int | None
    last_gamma_ms: int | None
    last_iv_ms: int | None
    last_regime_ms: int | None


@dataclass(frozen=True, slots=True)
class TableSize:
    """Rows and symbols of one table and its newest entry, epoch ms or an ISO date. `symbols` is None for a table
    without any, `latest` for an empty one."""

    table: str
    rows: int
    symbols: int | None
    latest: int | str | None


def collect(now_ms: int) -> Statistics:
    """Counts since the oldest living worker started.

    A cycle is a slot at which at least one chain was stored.
    """
    starts = [
        sign.metadata["started_ms"]
        for sign in heartbeats.signs(now_ms)
        if sign.kind == "worker" and sign.alive and "started_ms" in sign.metadata
    ]
    since = min(starts, default=now_ms - DAY_MS)
    ended = IngestionRun.objects.filter(finished_at__gte=since)
    done = ended.filter(status=RunStatus.DONE)
    chains = done.filter(task=RunTask.INGEST_CHAIN)
    return Statistics(
        since_ms=since,
        uptime_minutes=(now_ms - since) // 60_000 if starts else None,
        cycles_completed=chains.values("slot").distinct().count(),
        greeks_ingestions=chains.count(),
        flow_trades=OptionsFlow.objects.filter(timestamp__gte=since).count(),
        iv_calculations=done.filter(task=RunTask.CALCULATE_IV_PERCENTILE).count(),
        gamma_snapshots=chains.count(),  # stored in the same transaction as the chain's greeks
        regime_calculations=done.filter(task=RunTask.CALCULATE_MARKET_REGIME).count(),
        errors=ended.filter(status=RunStatus.FAILED).count(),
        last_greeks_ms=_last_run(RunTask.INGEST_CHAIN),
        last_flow_ms=_newest("options_flow_history"),
        last_gamma_ms=_newest("gamma_exposure_snapshots"),
        last_iv_ms=_last_run(RunTask.CALCULATE_IV_PERCENTILE),
        last_regime_ms=_last_run(RunTask.CALCULATE_MARKET_REGIME),
    )


def table_sizes() -> list[TableSize]:
    """Rows, symbols and newest entry of each table, as the documents' warehouse metrics list them, and of two
    more."""
    stamped = [
        TableSize(
            model._meta.db_table, model._default_manager.count(), *_symbols_and_newest(model._meta.db_table)
        )
        for model in (HistoricalGreeks, GammaExposure, OptionsFlow)
    ]
    iv, regimes = IvPercentile.objects, MarketRegimeDay.objects
    dated = [
        TableSize("iv_percentile_cache", iv.count(), len(_symbols("iv_percentile_cache")), _last_date(iv)),
        TableSize("market_regime_history", regimes.count(), None, _last_date(regimes)),
    ]
    return [*stamped[:2], *dated, stamped[2]]


def _symbols_and_newest(table: str) -> tuple[int, int | None]:
    return len(_symbols(table)), _newest(table)


def _last_date(rows: models.Manager[Any]) -> str | None:
    latest = rows.aggregate(latest=Max("date"))["latest"]
    return None if latest is None else str(latest)


def _symbols(table: str) -> list[str]:
    """Every symbol of a table by hopping from one to the next in its key: DISTINCT would read every row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE hop AS ((SELECT symbol FROM {table} ORDER BY symbol LIMIT 1)"  # noqa: S608 - our own
            f" UNION ALL SELECT (SELECT t.symbol FROM {table} t WHERE t.symbol > hop.symbol ORDER BY t.symbol LIMIT 1)"
            " FROM hop WHERE hop.symbol IS NOT NULL) SELECT symbol FROM hop WHERE symbol IS NOT NULL"
        )
        return [symbol for (symbol,) in cursor.fetchall()]


def _newest(table: str) -> int | None:
    """The newest timestamp, by the end of each symbol's index rather than a walk over all."""
    stamps = []
    with connection.cursor() as cursor:
        for symbol in _symbols(table):
            cursor.execute(
                f'SELECT "timestamp" FROM {table} WHERE symbol = %s ORDER BY "timestamp" DESC LIMIT 1',  # noqa: S608
                [symbol],
            )
            stamps += [stamp for (stamp,) in cursor.fetchall()]
    return max(stamps, default=None)


def _last_run(task: str) -> int | None:
    runs = IngestionRun.objects.filter(task=task, status=RunStatus.DONE)
    return runs.order_by("-finished_at").values_list("finished_at", flat=True).first()
