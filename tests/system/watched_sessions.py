"""Execution of the ten sessions, and collection of the results at the end of each stretch.

They are collected on the way, because retention drops the first rows before the last sessions run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Max, Model

from ingestion.daily.closing import overdue_work
from monitoring import freshness, table_checks
from monitoring.checks import Health
from tests.roles import run as query
from tests.system.conftest import eventually
from tests.system.stepped_market import SECOND, SteppedMarket, poll_now
from tests.system.ten_sessions import STRETCHES, Day
from tests.warehouse.rows import add_trade
from warehouse import clock
from warehouse.models import (
    FlowDay,
    GammaDay,
    GammaExposure,
    HistoricalBar,
    HistoricalGreeks,
    IngestionRun,
    IvPercentile,
    MarketRegimeDay,
    OptionsFlow,
    SessionException,
    WatchlistEntry,
)
from warehouse.models.enums import RunStatus

SYMBOLS = ("NDX", "SPX")  # European options, whose prices are computed in a tenth of the time
CLOSING_TASKS = (
    "store_bars",
    "calculate_iv_percentile",
    "store_surface",
    "calculate_market_regime",
    "roll_up",
)
# Close tasks are due after five minutes; the margin is for a busy machine, on which the clock runs on meanwhile.
BEFORE_CLOSING_WORK = dt.timedelta(minutes=3)
AFTER_CLOSING_WAITS = dt.timedelta(minutes=30)  # no job waits for bars or the official VIX any more
CLOSING_WORK = 3 * 2 + 2  # the first three for each symbol
WRITTEN = (HistoricalGreeks, GammaExposure, HistoricalBar, IvPercentile, MarketRegimeDay, FlowDay, GammaDay)
BEFORE_OPEN = ("/v3/reference/splits", "/v3/reference/dividends")

Requests = Callable[[], dict[str, int]]


class Moment(NamedTuple):
    """An instant outside hours: rows written and requests sent since the previous one.

    The lists of splits and dividends are left out: they are fetched from two hours before the open.
    """

    at: dt.datetime
    written: int
    requests: int


class LedgerRow(NamedTuple):
    """A row of the ledger."""

    task: str
    symbol: str
    slot: int
    status: str
    attempts: int


@dataclass
class Results:
    """The stored rows and observations. Slots are epoch milliseconds by symbol, oldest first."""

    greeks: dict[str, list[int]] = field(default_factory=dict)
    gamma: dict[str, list[int]] = field(default_factory=dict)
    runs: set[LedgerRow] = field(default_factory=set)
    moments: list[Moment] = field(default_factory=list)
    instants: list[dt.datetime] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    partitions: list[dict[str, list[str]]] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    ranked: list[tuple[dt.date, str]] = field(default_factory=list)
    unknown_volatilities: int = 0
    regimes: list[dt.date] = field(default_factory=list)
    flow_days: list[tuple[dt.date, str]] = field(default_factory=list)
    gamma_days: list[tuple[dt.date, str]] = field(default_factory=list)
    exceptions: int = 0
    trades_left: list[int] = field(default_factory=list)
    gamma_left: list[int] = field(default_factory=list)
    greeks_left: list[int] = field(default_factory=list)


def run_sessions(market: SteppedMarket, requests: Requests) -> Results:
    """Move the clock through every slot and quiet instant; `requests` returns the provider's requests by path."""
    results = Results()
    for stretch in STRETCHES:
        start = stretch[0].open - dt.timedelta(hours=1)
        WatchlistEntry.objects.update(ingest_chain=True, active_since_ms=clock.epoch_ms(start))
        for day in stretch:
            _run_session(day, market, requests, results)
        _collect(results)
        # Chains are switched off until the next stretch, so that the sessions in between are not gaps.
        WatchlistEntry.objects.update(ingest_chain=False)
    _collect_final(results)
    results.requests = requests()
    return results


def _run_session(day: Day, market: SteppedMarket, requests: Requests, results: Results) -> None:
    for slot in day.slot_times:
        market.step(slot + SECOND)
        poll_now("Option chains")
        eventually(lambda slot=slot: _done(["ingest_chain"], slot) == len(SYMBOLS))
        results.instants.append(slot)
        results.troubles += _troubles()
    for symbol in SYMBOLS:
        add_trade(clock.epoch_ms(day.open) + 60_000, symbol=symbol)
    _run_quiet_instant(day.close + BEFORE_CLOSING_WORK, market, requests, results)
    market.step(day.close + AFTER_CLOSING_WAITS)
    poll_now("After the close")
    eventually(lambda: _done(CLOSING_TASKS, day.close) == CLOSING_WORK)
    for instant in day.quiet:
        _run_quiet_instant(instant, market, requests, results)


def _run_quiet_instant(
    instant: dt.datetime, market: SteppedMarket, requests: Requests, results: Results
) -> None:
    written, sent = _written(), _sent(requests)
    market.step(instant)
    poll_now("Partitions and retention")
    market.settle()
    eventually(lambda: _done(["keep_retention"], instant.replace(hour=0, minute=0, second=0)) == 1)
    results.moments.append(Moment(instant, _written() - written, _sent(requests) - sent))
    results.instants.append(instant)
    results.troubles += [*_troubles(), *map(str, overdue_work(clock.now()))]


def _collect(results: Results) -> None:
    """Collect the rows that retention drops before the next stretch ends."""
    for model, slots in ((HistoricalGreeks, results.greeks), (GammaExposure, results.gamma)):
        for symbol in SYMBOLS:
            stored = model.objects.filter(symbol=symbol).values_list("timestamp", flat=True).distinct()
            slots[symbol] = sorted({*slots.get(symbol, []), *stored})
    columns = ("task", "symbol", "slot", "status", "attempts")
    results.runs |= {LedgerRow(*run) for run in IngestionRun.objects.values_list(*columns)}
    tables: dict[str, list[str]] = {}
    for table, partition in query("SELECT parent, partition FROM warehouse_partitions()"):
        tables.setdefault(table, []).append(partition.removeprefix(f"{table}_"))
    results.partitions.append(tables)


def _collect_final(results: Results) -> None:
    """Collect the rows that remain after the last session."""
    results.ranked = list(IvPercentile.objects.order_by("date", "symbol").values_list("date", "symbol"))
    results.unknown_volatilities = IvPercentile.objects.filter(current_iv=None).count()
    results.regimes = list(MarketRegimeDay.objects.order_by("date").values_list("date", flat=True))
    results.flow_days = list(FlowDay.objects.order_by("date", "symbol").values_list("date", "symbol"))
    results.gamma_days = list(GammaDay.objects.order_by("date", "symbol").values_list("date", "symbol"))
    results.exceptions = SessionException.objects.count()
    results.trades_left = _instants(OptionsFlow)
    results.gamma_left = _instants(GammaExposure)
    results.greeks_left = _instants(HistoricalGreeks)


def _instants(model: type[Model]) -> list[int]:
    instants = model._default_manager.values_list("timestamp", flat=True).distinct()
    return sorted(set(instants))


def _done(tasks: Sequence[str], slot: dt.datetime) -> int:
    done = IngestionRun.objects.filter(task__in=tasks, slot=clock.epoch_ms(slot), status=RunStatus.DONE)
    return done.count()


def _sent(requests: Requests) -> int:
    return sum(number for path, number in requests().items() if path not in BEFORE_OPEN)


def _written() -> int:
    """Return a number that grows with every written row and does not change when retention drops rows."""
    ledger = IngestionRun.objects.exclude(task__in=["keep_retention", "fetch_splits", "fetch_dividends"])
    newest = [rows.aggregate(newest=Max("pk"))["newest"] for rows in (ledger, *(m.objects for m in WRITTEN))]
    return sum(number or 0 for number in newest)


def _troubles() -> list[str]:
    now = clock.now()
    checks = (
        freshness.check_chains(now),
        freshness.check_provider(now),
        table_checks.check_jobs(clock.epoch_ms(now)),
    )
    return [f"{now}: {check.detail}" for check in checks if check.health is not Health.OK]
