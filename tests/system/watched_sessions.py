"""Living through the ten sessions, and reading what they left at the end of each stretch.

It is read on the way because retention takes the first rows before the last ones come.
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

SYMBOLS = ("AAPL", "META")
CLOSING_TASKS = ("store_bars", "calculate_iv_percentile", "calculate_market_regime", "roll_up")
# Not the last second of the five minutes: the clock goes on while a busy machine looks.
BEFORE_CLOSING_WORK = dt.timedelta(minutes=3)
CLOSING_WORK = 2 * 2 + 2  # the first two for each symbol
WRITTEN = (HistoricalGreeks, GammaExposure, HistoricalBar, IvPercentile, MarketRegimeDay, FlowDay, GammaDay)

Requests = Callable[[], dict[str, int]]


class Moment(NamedTuple):
    """An instant outside hours: rows written and requests sent since the one before it."""

    at: dt.datetime
    written: int
    asked: int


class Ended(NamedTuple):
    """A line of the ledger."""

    task: str
    symbol: str
    slot: int
    status: str
    attempts: int


@dataclass
class Left:
    """Slots are epoch milliseconds by symbol, oldest first."""

    greeks: dict[str, list[int]] = field(default_factory=dict)
    gamma: dict[str, list[int]] = field(default_factory=dict)
    runs: set[Ended] = field(default_factory=set)
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


def live(market: SteppedMarket, requests: Requests) -> Left:
    """Steps through every slot and quiet instant; `requests` counts what the provider was asked, by path."""
    left = Left()
    for stretch in STRETCHES:
        go_on = stretch[0].open - dt.timedelta(hours=1)
        WatchlistEntry.objects.update(ingest_chain=True, active_since_ms=clock.epoch_ms(go_on))
        for day in stretch:
            _live_through(day, market, requests, left)
        _read(left)
        # Nobody watches until the next stretch: the sessions in between are no gaps.
        WatchlistEntry.objects.update(ingest_chain=False)
    _read_the_end(left)
    left.requests = requests()
    return left


def _live_through(day: Day, market: SteppedMarket, requests: Requests, left: Left) -> None:
    for slot in day.slot_times:
        market.step(slot + SECOND)
        poll_now("Option chains")
        eventually(lambda slot=slot: _done(["ingest_chain"], slot) == len(SYMBOLS))
        left.instants.append(slot)
        left.troubles += _troubles()
    for symbol in SYMBOLS:
        add_trade(clock.epoch_ms(day.open) + 60_000, symbol=symbol)
    _pass_quietly(day.close + BEFORE_CLOSING_WORK, market, requests, left)
    market.step(day.close + dt.timedelta(minutes=5))
    poll_now("After the close")
    eventually(lambda: _done(CLOSING_TASKS, day.close) == CLOSING_WORK)
    for instant in day.quiet:
        _pass_quietly(instant, market, requests, left)


def _pass_quietly(instant: dt.datetime, market: SteppedMarket, requests: Requests, left: Left) -> None:
    before, asked = _written(), sum(requests().values())
    market.step(instant)
    poll_now("Partitions and retention")
    market.settle()
    eventually(lambda: _done(["keep_retention"], instant.replace(hour=0, minute=0, second=0)) == 1)
    left.moments.append(Moment(instant, _written() - before, sum(requests().values()) - asked))
    left.instants.append(instant)
    left.troubles += [*_troubles(), *map(str, overdue_work(clock.now()))]


def _read(left: Left) -> None:
    """What retention will take until the next stretch ends."""
    for model, slots in ((HistoricalGreeks, left.greeks), (GammaExposure, left.gamma)):
        for symbol in SYMBOLS:
            found = model.objects.filter(symbol=symbol).values_list("timestamp", flat=True).distinct()
            slots[symbol] = sorted({*slots.get(symbol, []), *found})
    columns = ("task", "symbol", "slot", "status", "attempts")
    left.runs |= {Ended(*run) for run in IngestionRun.objects.values_list(*columns)}
    tables: dict[str, list[str]] = {}
    for table, partition in query("SELECT parent, partition FROM warehouse_partitions()"):
        tables.setdefault(table, []).append(partition.removeprefix(f"{table}_"))
    left.partitions.append(tables)


def _read_the_end(left: Left) -> None:
    """What is still there after the last session."""
    left.ranked = list(IvPercentile.objects.order_by("date", "symbol").values_list("date", "symbol"))
    left.unknown_volatilities = IvPercentile.objects.filter(current_iv=None).count()
    left.regimes = list(MarketRegimeDay.objects.order_by("date").values_list("date", flat=True))
    left.flow_days = list(FlowDay.objects.order_by("date", "symbol").values_list("date", "symbol"))
    left.gamma_days = list(GammaDay.objects.order_by("date", "symbol").values_list("date", "symbol"))
    left.exceptions = SessionException.objects.count()
    left.trades_left = _instants(OptionsFlow)
    left.gamma_left = _instants(GammaExposure)
    left.greeks_left = _instants(HistoricalGreeks)


def _instants(model: type[Model]) -> list[int]:
    found = model._default_manager.values_list("timestamp", flat=True).distinct()
    return sorted(set(found))


def _done(tasks: Sequence[str], slot: dt.datetime) -> int:
    done = IngestionRun.objects.filter(task__in=tasks, slot=clock.epoch_ms(slot), status=RunStatus.DONE)
    return done.count()


def _written() -> int:
    """Grows with every row that is written; what retention takes away does not change it."""
    ledger = IngestionRun.objects.exclude(task="keep_retention")
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
