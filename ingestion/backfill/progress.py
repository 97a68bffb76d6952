"""Progress output of a backfill: a live table in a terminal, otherwise a line every 15 seconds."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome
from provider.transport import Traffic

LINE_INTERVAL_SECONDS = 15.0
_REDRAW_INTERVAL_SECONDS = 0.25
_RATE_SECONDS = 10.0  # length of the recent period over which the rate is measured


class Progress:
    """Context manager that counts the ended jobs of a backfill and shows the counts.

    `traffic` returns what was sent so far. When Celery workers do the jobs this is not known here: with None, the
    expected requests of each job are counted when it ends.
    """

    def __init__(self, console: Console, jobs: Iterable[Job], traffic: Callable[[], Traffic] | None) -> None:
        self._console = console
        self._traffic = traffic
        self._total: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._requests = self._requests_ended = 0
        for job in jobs:
            self._total[job.symbol] += 1
            self._requests += job.requests
        self._started = self._last_shown = time.monotonic()
        self._history: deque[tuple[float, int, int]] = deque()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sample()
        if self._live:
            self._live.update(self._table(), refresh=True)
            self._live.stop()
        elif self._total:
            self._console.print(self._line(), soft_wrap=True)

    def job_ended(self, job: Job, outcome: Outcome) -> None:
        self._ended[job.symbol] += 1
        self._rows[job.symbol] += outcome.rows
        self._rejected[job.symbol] += sum(outcome.rejected.values())
        self._requests_ended += job.requests
        if outcome.status is JobStatus.FAILED:
            self._console.print(
                Text(f"{job.symbol or 'market'} {job.session}: {outcome.detail}"), soft_wrap=True
            )

    def tick(self) -> None:
        """Show the state if the interval has passed."""
        now = time.monotonic()
        if now - self._last_shown < (_REDRAW_INTERVAL_SECONDS if self._live else LINE_INTERVAL_SECONDS):
            return
        self._last_shown = now
        self._sample()
        if self._live:
            self._live.update(self._table(), refresh=True)
        else:
            self._console.print(self._line(), soft_wrap=True)

    def _sample(self) -> None:
        now = time.monotonic()
        self._history.append((now, self._sent(), self._ended.total()))
        while len(self._history) > 2 and now - self._history[0][0] > _RATE_SECONDS:
            self._history.popleft()

    def _sent(self) -> int:
        return self._traffic().sent if self._traffic else self._requests_ended

    def _rate(self) -> tuple[float, float]:
        """Return the requests and the jobs per second of the recent past."""
        (then, sent_then, ended_then), (now, sent, ended) = self._history[0], self._history[-1]
        seconds = now - then
        if seconds <= 0:
            seconds, sent_then, ended_then = max(now - self._started, 1e-9), 0, 0
        return (sent - sent_then) / seconds, (ended - ended_then) / seconds

    def _line(self) -> str:
        requests_per_second, jobs_per_second = self._rate()
        jobs_left = self._total.total() - self._ended.total()
        requests_left = max(0, self._requests - self._requests_ended)
        seconds = max(
            requests_left / requests_per_second if requests_per_second > 0 else 0.0,
            jobs_left / jobs_per_second if jobs_per_second > 0 else 0.0,
        )
        known = jobs_left == 0 or jobs_per_second > 0
        eta = f"{timedelta(seconds=round(seconds))} left" if known else "no job has ended recently"
        rate_limited = self._traffic().failed["RateLimited"] if self._traffic else 0
        return (
            f"{self._ended.total():,} of {self._total.total():,} jobs, {self._rows.total():,} rows,"
            f" {self._rejected.total():,} rejected; {requests_per_second:.1f} requests/s"
            f"{f', {rate_limited:,} requests over the limit (429)' if rate_limited else ''}; {eta}"
        )

    def _table(self) -> Group:
        table = Table("symbol", "", "jobs", "rows", "rejected", box=None, pad_edge=False)
        for column in table.columns[2:]:
            column.justify = "right"
        for symbol in sorted(self._total, key=lambda name: (not name, name)):
            total, ended = self._total[symbol], self._ended[symbol]
            table.add_row(
                symbol or "market",
                ProgressBar(total, ended, width=30),
                f"{ended:,}/{total:,}",
                f"{self._rows[symbol]:,}",
                f"{self._rejected[symbol]:,}",
            )
        return Group(table, Text(self._line()))
