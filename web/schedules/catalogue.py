"""The tasks that a schedule may send, with plain descriptions and the fields of their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.bars.daily_bars_window import YEAR_SESSIONS
from ingestion.bars.live_bars import SECONDS_AFTER_MINUTE
from ingestion.chains.slots import REGULAR_WINDOW
from warehouse.task_names import CeleryTask, RunTask

WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a task: a whole number, or the window, whose two ends are fields of their own."""

    name: str
    label: str
    help: str
    default: int | str


@dataclass(frozen=True, slots=True)
class SchedulableTask:
    """One task. `runs` are the tasks of the ledger in which its work is recorded, for the last result."""

    name: CeleryTask
    title: str
    does: str
    arguments: tuple[Argument, ...] = ()
    runs: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Title and description, for a list of tasks."""
        return f"{self.title}: {self.does}"


_TASKS = (
    SchedulableTask(
        name=CeleryTask.INGEST_DUE,
        title="Option chains",
        does="fetches the chains that are due",
        arguments=(
            Argument(
                name="every_minutes",
                label="Minutes between snapshots",
                help="15 takes a snapshot at 09:30, 09:45 and so on; 1 to 390.",
                default=15,
            ),
            Argument(
                name=WINDOW,
                label="Window",
                help="First and last snapshot of a session, New York time.",
                default=REGULAR_WINDOW,
            ),
        ),
        runs=(RunTask.INGEST_CHAIN,),
    ),
    SchedulableTask(
        name=CeleryTask.FETCH_LIVE_BARS,
        title="Bars of the session",
        does="fetches the minute bars that have ended",
        arguments=(
            Argument(
                name="seconds_after_minute",
                label="Seconds after the minute",
                help="Wait for the provider to finish the bar; 0 to 15.",
                default=SECONDS_AFTER_MINUTE,
            ),
        ),
        runs=(RunTask.LIVE_BARS,),
    ),
    SchedulableTask(
        name=CeleryTask.CLOSE_DUE,
        title="After the close",
        does="stores bars, IV percentiles, the regime and daily sums of closed sessions",
        arguments=(
            Argument(
                name="minutes_after_close",
                label="Minutes after the close",
                help="Wait after the close of the exchange, early closes included; 0 to 120.",
                default=5,
            ),
            Argument(
                name="breadth_sessions",
                label="Sessions of all stocks",
                help="2 counts rising and falling stocks, 252 also highs and lows of the year.",
                default=YEAR_SESSIONS,
            ),
        ),
        runs=(
            *(RunTask.STORE_BARS, RunTask.CALCULATE_IV_PERCENTILE, RunTask.CALCULATE_MARKET_REGIME),
            *(RunTask.ROLL_UP, RunTask.STORE_OPENING_FLOW),
        ),
    ),
    SchedulableTask(CeleryTask.SUM_INTERVALS, "Sums of 15 minutes", "sums the trades of ended intervals"),
    SchedulableTask(
        name=CeleryTask.KEEP_PARTITIONS,
        title="Partitions and retention",
        does="creates partitions and, once a day, removes rows past their retention",
        runs=(RunTask.KEEP_RETENTION,),
    ),
    SchedulableTask(
        name=CeleryTask.FETCH_CORPORATE_ACTIONS,
        title="Splits and dividends",
        does="fetches those that were not fetched since before the open",
        runs=(RunTask.FETCH_SPLITS, RunTask.FETCH_DIVIDENDS),
    ),
    SchedulableTask(
        name=CeleryTask.WATCH_CALENDAR,
        title="Calendar watch",
        does="compares the exchange calendar with the provider's, once a session",
        runs=(RunTask.WATCH_CALENDAR,),
    ),
    SchedulableTask(
        name=CeleryTask.SCAN_DUE,
        title="Signals",
        does="scans bars that have ended, follows signals and sends their alerts",
        runs=(RunTask.SCAN_SIGNALS, RunTask.SCAN_DAILY),
    ),
    SchedulableTask(
        CeleryTask.CONTINUE_BACKTESTS,
        "Backtests",
        "starts backtests that wait and continues interrupted ones",
    ),
    SchedulableTask(
        CeleryTask.WATCH_HEALTH, "Health and alerts", "looks for failures and sends alerts to the webhook"
    ),
    SchedulableTask(
        CeleryTask.SWEEP_INBOX, "Batches left behind", "sends lost messages of trade batches again"
    ),
    SchedulableTask(
        CeleryTask.KEEP_FLOW, "Cancels and gaps", "matches cancels with trades and repairs gaps of the stream"
    ),
    SchedulableTask(
        CeleryTask.FETCH_QUOTES,
        "Quotes of trades",
        "requests quotes of sweeps and large trades that the stream sent without",
    ),
)
TASKS: Mapping[str, SchedulableTask] = {str(task.name): task for task in _TASKS}
ARGUMENTS = tuple(argument for task in _TASKS for argument in task.arguments)


def in_words(task: str, arguments: Mapping[str, Any]) -> str:
    """Return the arguments of a task with their labels: Minutes between snapshots 15, Window 09:30-16:00."""
    if task not in TASKS:
        return ", ".join(f"{name} {value}" for name, value in arguments.items()) or "none"
    known = [f"{one.label} {arguments.get(one.name, one.default)}" for one in TASKS[task].arguments]
    return ", ".join(known) or "none"
