"""The beat schedule of a new warehouse. An entry is added once; operators edit it in the beat admin.

Every entry runs often, in UTC, and asks the ledger what is still to be done. A task at a fixed hour would be skipped
for a day if beat did not run at that hour, and would run at another New York hour after a clock change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from warehouse.task_names import CeleryTask


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One periodic task. `minute` is a crontab field; a message expires before the next one is sent."""

    name: str
    task: str
    minute: str
    expire_seconds: int
    queue: str
    description: str
    kwargs: dict[str, Any] = field(default_factory=dict)


SCHEDULE = (
    Scheduled(
        name="Option chains",
        task=CeleryTask.INGEST_DUE,
        minute="*",
        expire_seconds=50,
        queue="default",
        kwargs={"every_minutes": 15, "window": "09:30-16:00"},
        description=(
            "Every minute: enqueues the option chains that are due. every_minutes is the time between snapshots, "
            "window the New York hours of the snapshots. Outside exchange sessions nothing is due."
        ),
    ),
    Scheduled(
        name="Bars of the session",
        task=CeleryTask.FETCH_LIVE_BARS,
        minute="*",
        expire_seconds=40,
        queue="bars",
        kwargs={"seconds_after_minute": 4},
        description=(
            "Every minute of the session: fetches the minute bars of the watched symbols and of their reference "
            "symbols with one request each, and sums bars of 5, 15 and 60 minutes. seconds_after_minute is the wait "
            "for the provider to finish the bar."
        ),
    ),
    Scheduled(
        name="After the close",
        task=CeleryTask.CLOSE_DUE,
        minute="*",
        expire_seconds=50,
        queue="default",
        kwargs={"minutes_after_close": 5, "breadth_sessions": 252},
        description=(
            "Every minute: enqueues the bars, IV percentiles, market regime and daily sums that closed sessions of the "
            "last two weeks lack. minutes_after_close is the wait after the close of the exchange, early closes "
            "included. breadth_sessions is the number of sessions of all stocks that the regime may fetch: 2 to count "
            "rising and falling stocks, 252 to count highs and lows of the year too."
        ),
    ),
    Scheduled(
        name="Sums of 15 minutes",
        task=CeleryTask.SUM_INTERVALS,
        minute="*/5",
        expire_seconds=290,
        queue="default",
        description=(
            "Every five minutes: sums the trades of the 15-minute intervals that have ended, and the two before them "
            "again, because some trades arrive late."
        ),
    ),
    Scheduled(
        name="Scanner",
        task=CeleryTask.SCAN_DUE,
        minute="*",
        expire_seconds=50,
        queue="bars",
        description=(
            "Every minute: scans the 15-minute bars that have ended for trade setups, 40 seconds after their end, and "
            "follows the signals of the session. Marks itself as running at all hours; outside sessions nothing is "
            "scanned."
        ),
    ),
    Scheduled(
        name="Backtests",
        task=CeleryTask.CONTINUE_BACKTESTS,
        minute="*",
        expire_seconds=50,
        queue="default",
        description=(
            "Every minute: starts backtests and optimisations that wait, and gives those whose worker was lost to "
            "another worker."
        ),
    ),
    Scheduled(
        name="Partitions and retention",
        task=CeleryTask.KEEP_PARTITIONS,
        minute="7",
        expire_seconds=3000,
        queue="default",
        description=(
            "Every hour: creates the partitions of the coming week. Once a day: sums what is past its retention and "
            "then drops or deletes it; repeated each hour until it is done."
        ),
    ),
    Scheduled(
        name="Splits and dividends",
        task=CeleryTask.FETCH_CORPORATE_ACTIONS,
        minute="*",
        expire_seconds=50,
        queue="ingest",
        description=(
            "Every minute: fetches the splits of all stocks and the dividends of the watched stocks and ETFs that were "
            "not fetched since two hours before the open. A symbol that is added later is fetched within a minute."
        ),
    ),
    Scheduled(
        name="Calendar watch",
        task=CeleryTask.WATCH_CALENDAR,
        minute="*/10",
        expire_seconds=500,
        queue="default",
        description=(
            "Once a session, five minutes after its open: compares the exchange calendar with the provider's market "
            "status and coming holidays. Where they differ, an alert is sent and the provider's answer is used."
        ),
    ),
    Scheduled(
        name="Health and alerts",
        task=CeleryTask.WATCH_HEALTH,
        minute="*",
        expire_seconds=50,
        queue="default",
        description=(
            "Every minute: looks for stale chains, failed or overdue jobs and silent workers, and posts alerts to the "
            "webhook. The same alert is not repeated within its pause."
        ),
    ),
    Scheduled(
        name="Batches left behind",
        task=CeleryTask.SWEEP_INBOX,
        minute="*",
        expire_seconds=50,
        queue="default",
        description="Every minute: sends the messages of trade batches again that were lost with a worker.",
    ),
    Scheduled(
        name="Cancels and gaps",
        task=CeleryTask.KEEP_FLOW,
        minute="*/5",
        expire_seconds=290,
        queue="default",
        description="Every five minutes: matches cancels with their trades and repairs gaps of the stream.",
    ),
    Scheduled(
        name="Quotes of trades",
        task=CeleryTask.FETCH_QUOTES,
        minute="*",
        expire_seconds=50,
        queue="repair",
        description=(
            "Every minute: requests quotes for the trades of sweeps and of large premium that the stream sent without "
            "one, largest premium first, with what chains and bars leave of the rate limit."
        ),
    ),
)
