"""Which bars have to be scanned: those of the present session whose evaluation instant has passed, or soon does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from quant import sessions
from quant.sessions import HOUR_MS, new_york_date
from signals.features.history import DAY_EVALUATED_AFTER_MS, EVALUATED_AFTER_MS, QUARTER_MS
from warehouse import clock, market_days
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

# Looked for every minute, a bar is found at most ten seconds after its end, in time to sum its trades before its scan.
AHEAD_MS = 90_000
REPLAY_AFTER_MS = 2 * HOUR_MS  # the close: then the jobs after the close have ended


@dataclass(frozen=True, slots=True)
class DueBar:
    """A bar by its end, and the instant as of which it is evaluated; epoch ms."""

    bar_end: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Due:
    """Bars to scan, oldest first, and whether the exchange is open."""

    bars: tuple[DueBar, ...]
    is_open: bool


def due_bars(now_ms: int, delay_ms: int, within_ms: int = AHEAD_MS) -> Due:
    """Return the bars of the session at `now_ms` that are not scanned, up to those evaluated within `within_ms`."""
    day = new_york_date(clock.instant(now_ms))
    hours = market_days.hours(day, day).get(day)
    # No bars are fetched of a session that the exchange calendar lacks.
    if hours is None or not sessions.sessions(day, day):
        return Due((), is_open=False)
    open_ms, close_ms = clock.epoch_ms(hours.opens), clock.epoch_ms(hours.closes)
    ends = [min(end, close_ms) for end in range(open_ms + QUARTER_MS, close_ms + QUARTER_MS, QUARTER_MS)]
    bars = [DueBar(end, end + EVALUATED_AFTER_MS + delay_ms) for end in ends]
    reached = [bar for bar in bars if bar.at_ms <= now_ms + within_ms]
    scanned = scanned_bars(open_ms, close_ms)
    missing = tuple(bar for bar in reached if bar.bar_end not in scanned)
    return Due(missing, is_open=open_ms <= now_ms < close_ms)


def scanned_bars(open_ms: int, close_ms: int) -> frozenset[int]:
    """Return the ends of the bars of a session that were scanned, epoch ms."""
    done = IngestionRun.objects.filter(
        task=RunTask.SCAN_SIGNALS, symbol="", slot__gt=open_ms, slot__lte=close_ms, status=RunStatus.DONE
    )
    return frozenset(done.values_list("slot", flat=True))


def daily_due(now_ms: int, delay_ms: int) -> DueBar | None:
    """Return the daily bar of the last session if it can be evaluated and is not scanned, else None."""
    day = new_york_date(clock.instant(now_ms))
    hours = market_days.hours(day, day).get(day)
    if hours is None:
        return None
    close_ms = clock.epoch_ms(hours.closes)
    bar = DueBar(close_ms, close_ms + DAY_EVALUATED_AFTER_MS + delay_ms)
    done = IngestionRun.objects.filter(
        task=RunTask.SCAN_DAILY, symbol="", slot=close_ms, status=RunStatus.DONE
    ).exists()
    return None if done or bar.at_ms > now_ms else bar


def replay_due(now_ms: int) -> dt.date | None:
    """Return the last session if it ended two hours ago or earlier, was scanned and not replayed; else None."""
    day = new_york_date(clock.instant(now_ms - REPLAY_AFTER_MS))
    hours = market_days.hours(day, day).get(day)
    if hours is None or clock.epoch_ms(hours.closes) > now_ms - REPLAY_AFTER_MS:
        return None
    open_ms, close_ms = clock.epoch_ms(hours.opens), clock.epoch_ms(hours.closes)
    replayed = IngestionRun.objects.filter(task=RunTask.REPLAY_SIGNALS, symbol="", slot=open_ms)
    is_done = replayed.filter(status=RunStatus.DONE).exists()
    return None if is_done or not scanned_bars(open_ms, close_ms) else day
