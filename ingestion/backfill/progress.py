"""How far a backfill has come: a live table in a terminal, a line now and then elsewhere."""

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

from ingestion.backfill.engine.jobs import End, Job, Outcome
from provider.transport import Traffic

LINE_EVERY_SECONDS = 15.0
_REDRAW_SECONDS = 0.25
_RATE_SECONDS = 10.0  # of the near past, over which the rate is measured


class Progress:
    """Counts what ended and shows it, as a context manager. `traffic` gives what was sent so far; with the fleet at
    work that is unknown to us, and requests are counted as their jobs end."""

    def __init__(self, console: Console, jobs: Iterable[Job], traffic: Callable[[], Traffic] | None) -> None:
        self._console = console
        self._traffic = traffic
        self._jobs: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._requests = self._requests_ended = 0
        for job in jobs:
            self._jobs[job.symbol] += 1
            self._requests += job.requests
        self._started = self._drawn = time.monotonic()
        self._past: deque[tuple[float, int, int]] = deque()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note()
        if self._live:
            self._live.update(self._picture(), refresh=True)
            self._live.stop()
        elif self._jobs:
            self._console.print(self._line(), soft_wrap=True)

    def ended(self, job: Job, outcome: Outcome) -> None:
        self._ended[job.symbol] += 1
        self._rows[job.symbol] += outcome.rows
        self._rejected[job.symbol] += sum(outcome.rejected.values())
        self._requests_ended += job.requests
        if outcome.end is End.FAILED:
            self._console.print(Text(f"{job.symbol or 'market'} {job.day}: {outcome.detail}"), soft_wrap=True)

    def tick(self) -> None:
        """Shows the state where it is time to."""
        now = time.monotonic()
        if now - self._drawn < (_REDRAW_SECONDS if self._live else LINE_EVERY_SECONDS):
            return
        self._drawn = now
        self._note()
        if self._live:
            self._live.update(self._picture(), refresh=True)
        else:
            self._console.print(self._line(), soft_wrap=True)

    def _note(self) -> None:
        now = time.monotonic()
        self._past.append((now, self._sent(), self._ended.total()))
        while len(self._past) > 2 and now - self._past[0][0] > _RATE_SECONDS:
            self._past.popleft()

    def _sent(self) -> int:
        return self._traffic().sent if self._traffic else self._requests_ended

    def _rate(self) -> tuple[float, float]:
        """Requests and jobs a second in the near past."""
        (then, sent_then, ended_then), (now, sent, ended) = self._past[0], self._past[-1]
        seconds = now - then
        if seconds <= 0:
            seconds, sent_then, ended_then = max(now - self._started, 1e-9), 0, 0
        return (sent - sent_then) / seconds, (ended - ended_then) / seconds

    def _line(self) -> str:
        requests_a_second, jobs_a_second = self._rate()
        left = self._jobs.total() - self._ended.total()
        waits = max(0, self._requests - self._requests_ended)
        seconds = max(
            waits / requests_a_second if requests_a_second > 0 else 0.0,
            left / jobs_a_second if jobs_a_second > 0 else 0.0,
        )
        known = left == 0 or jobs_a_second > 0
        eta = f"{timedelta(seconds=round(seconds))} left" if known else "nothing ended lately"
        refused = self._traffic().failed["RateLimited"] if self._traffic else 0
        return (
            f"{self._ended.total():,} of {self._jobs.total():,} pieces, {self._rows.total():,} rows,"
            f" {self._rejected.total():,} rejected; {requests_a_second:.1f} requests/s"
            f"{f', {refused:,} answered 429' if refused else ''}; {eta}"
        )

    def _picture(self) -> Group:
        table = Table("symbol", "", "pieces", "rows", "rejected", box=None, pad_edge=False)
        for column in table.columns[2:]:
            column.justify = "right"
        for symbol in sorted(self._jobs, key=lambda name: (not name, name)):
            total, ended = self._jobs[symbol], self._ended[symbol]
            table.add_row(
                symbol or "market",
                ProgressBar(total, ended, width=30),
                f"{ended:,}/{total:,}",
                f"{self._rows[symbol]:,}",
                f"{self._rejected[symbol]:,}",
            )
        return Group(table, Text(self._line()))
