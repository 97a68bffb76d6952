"""Statistics of ingestion since the workers started, and sizes of the tables.

Exact counts read whole indexes, so they are for reports and not for pages or metrics.
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
    """Counts of finished runs since `since_ms`; instants are epoch ms, None when there is no run.

    `uptime_minutes` is that of the oldest worker. Without a worker it is None and the counts cover the last 24 hours.
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
    """Rows, symbols and newest entry (epoch ms or ISO date) of one table.

    `symbols` is None for a table without symbols, `latest` for an empty one.
    """

    table: str
    rows: int
    symbols: int | None
    latest: int | str | None


def collect(now_ms: int) -> Statistics:
    """Return the counts since the oldest running worker started.

    A cycle is a slot at which at least one chain was stored.
    """
    starts = [
        sign.metadata["started_ms"]
        for sign in heartbeats.read(now_ms)
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
        gamma_snapshots=chains.count(),  # stored in the transaction of the chain's greeks
        regime_calculations=done.filter(task=RunTask.CALCULATE_MARKET_REGIME).count(),
        errors=ended.filter(status=RunStatus.FAILED).count(),
        last_greeks_ms=_last_run(RunTask.INGEST_CHAIN),
        last_flow_ms=_newest("options_flow_history"),
        last_gamma_ms=_newest("gamma_exposure_snapshots"),
        last_iv_ms=_last_run(RunTask.CALCULATE_IV_PERCENTILE),
        last_regime_ms=_last_run(RunTask.CALCULATE_MARKET_REGIME),
    )


def table_sizes() -> list[TableSize]:
    """Return rows, symbols and newest entry of the main tables."""
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
    """Return the symbols of a table by stepping through its key. DISTINCT would read every row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE hop AS ((SELECT symbol FROM {table} ORDER BY symbol LIMIT 1)"  # noqa: S608 - our own
            f" UNION ALL SELECT (SELECT t.symbol FROM {table} t WHERE t.symbol > hop.symbol ORDER BY t.symbol LIMIT 1)"
            " FROM hop WHERE hop.symbol IS NOT NULL) SELECT symbol FROM hop WHERE symbol IS NOT NULL"
        )
        return [symbol for (symbol,) in cursor.fetchall()]


def _newest(table: str) -> int | None:
    """Return the newest timestamp, read from the end of the index of each symbol."""
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
