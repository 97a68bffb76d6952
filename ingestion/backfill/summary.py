"""Summary of a backfill: totals by stage, and counts with explanations.

The totals are read from the ledger, so they include the jobs of earlier attempts and of other machines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from rich.table import Table as RichTable
from rich.text import Text

from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.jobs import RunKey, Stage
from ingestion.backfill.plan import Plan
from ingestion.backfill.prepare import PreparedData
from provider.transport import Traffic
from quant import sessions
from warehouse.models.enums import RunStatus

RATE_LIMITED = "answered 429"
EMPTY = "contracts without a trade"
HALF_DAYS = "half days"
NO_DATA = "symbols without data"
NO_BARS = "sessions without the underlying's bars"
UNFINISHED = "jobs not finished"
# What was fetched before may have no run: the ledger deletes it after 90 days, and a longer stretch has another.
_FETCHED = frozenset((Stage.BARS, Stage.STOCKS, Stage.CONTRACTS))
# Explanations of all reasons for which something may be left out.
EXPLAINED = {
    RATE_LIMITED: "requests over the provider's limit: repeated after a wait",
    "failed requests": "requests that timed out, were cut off or refused: repeated, up to eight times",
    EMPTY: "contracts listed but not traded in these sessions: no bars are stored",
    "adjusted": "contracts changed by a split or merger, not for 100 shares: left out",
    "bad_ticker": "contracts whose ticker cannot be parsed: left out",
    NO_DATA: "delisted, unknown, or not in the provider's plan: nothing is rebuilt",
    NO_BARS: "sessions in which the underlying did not trade at the slot: no chain is stored",
    HALF_DAYS: "sessions that closed early: their slot is the early close",
    "outside_session": "bars from before the open or after the close: left out",
    "unfinished": "bars that had not ended when they were fetched: left out",
    "zero_volume": "bars without a trade: left out",
    "stale": "contracts whose last trade was over two hours old at the slot: left out",
    "not_found": "contracts that the provider no longer has: no bars are stored",
    "no_trade": "contracts that had not traded in the session by the slot: left out",
    "expired": "contracts that settled at or before the slot: left out",
    "no_underlying": "contracts that traded while the underlying had no bar: left out",
    "not_fetched": "contracts whose bars could not be fetched: left out",
    "regime without": "series not in the provider's plan: the regime lists them as missing",
    job_results.NOT_IN_PLAN: "data not in the provider's plan",
    job_results.UNKNOWN: "data the provider does not have",
    UNFINISHED: "jobs that failed, or depend on one that failed: run the same command again",
}


@dataclass(slots=True)
class StageTotals:
    """Jobs of one stage: how many in total, how many DONE, and the rows they stored."""

    jobs: int = 0
    done: int = 0
    rows: int = 0


@dataclass(slots=True)
class Summary:
    """`counts` by reason; `messages` counts the error messages of failed jobs, which are not a fixed set."""

    stages: dict[Stage, StageTotals] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    @property
    def unfinished(self) -> int:
        """Number of jobs that did not finish."""
        return self.counts[UNFINISHED]


def summarise(
    days: Sequence[date],
    data: PreparedData,
    plan: Plan,
    traffic: Traffic,
    unfinished: int,
) -> Summary:
    """Add up a backfill of the sessions `days`.

    `traffic` is that of this process, `unfinished` the number of failed and blocked jobs.
    """
    summary = Summary(requests=traffic.sent)
    planned = {job.run for job in plan.jobs}
    for stage, keys in plan.keys.items():
        if keys:
            summary.stages[stage] = _stage(summary, stage, keys, planned)
    for prepared in data.symbols:
        if prepared.contracts is not None:
            summary.counts.update(prepared.contracts.table.rejected)
        if prepared.error:
            summary.counts[NO_DATA] += 1
            summary.messages[f"{prepared.symbol}: {prepared.error}"] += 1
        else:
            summary.counts[NO_BARS] += len(prepared.sessions_without_bars)
    summary.counts["regime without"] += len(data.missing_series)
    summary.counts[RATE_LIMITED] += traffic.failed["RateLimited"]
    summary.counts["failed requests"] += traffic.failed.total() - traffic.failed["RateLimited"]
    summary.counts[HALF_DAYS] += sum(map(closes_early, days))
    summary.counts[UNFINISHED] += unfinished
    summary.counts = +summary.counts
    return summary


def closes_early(day: date) -> bool:
    """Return whether a session closes before 16:00 New York."""
    return sessions.close_of(day).astimezone(sessions.NEW_YORK).hour < 16


def _stage(
    summary: Summary, stage: Stage, keys: Sequence[RunKey], planned: Collection[RunKey]
) -> StageTotals:
    rows = job_results.read_runs(keys)
    total = StageTotals(jobs=len(keys))
    for row in rows.values():
        summary.counts.update(row.rejected)
        if row.status == RunStatus.DONE:
            total.done += 1
            total.rows += row.rows
            summary.counts[EMPTY] += stage is Stage.CONTRACTS and not row.rows
        elif row.status == RunStatus.FAILED and not set(row.rejected) & {
            job_results.NOT_IN_PLAN,
            job_results.UNKNOWN,
        }:
            summary.messages[row.error] += 1
    if stage in _FETCHED:
        total.done += sum(key not in rows and key not in planned for key in keys)
    return total


def tables(summary: Summary) -> list[RichTable]:
    """Return the final tables: the jobs by stage, and all counts with their explanations."""
    stages = RichTable("stage", "jobs", "done", "rows stored", title="Backfill", title_justify="left")
    for stage, total in summary.stages.items():
        stages.add_row(str(stage), f"{total.jobs:,}", f"{total.done:,}", f"{total.rows:,}")
    counts = RichTable("count of", "", "meaning", title="Counts", title_justify="left")
    for reason, count in sorted(summary.counts.items(), key=lambda item: -item[1]):
        counts.add_row(
            Text(reason),
            f"{count:,}",
            Text(EXPLAINED.get(reason, "left out because the provider sent it malformed")),
        )
    for message, count in summary.messages.most_common(20):
        counts.add_row("error", f"{count:,}", Text(message))
    for table in (stages, counts):
        for column in table.columns[1:2]:
            column.justify = "right"
    return [stages, counts]
