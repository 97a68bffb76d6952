"""Summary of a backfill: totals by stage, and counts with explanations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rich.table import Table as RichTable
from rich.text import Text

from ingestion.backfill.engine.jobs import Stage
from ingestion.backfill.prepare import PreparedData
from ingestion.backfill.totals import EMPTY, StageTotals
from provider.transport import Traffic
from quant import sessions
from warehouse.runs import NOT_IN_PLAN, UNKNOWN

RATE_LIMITED = "answered 429"
HALF_DAYS = "half days"
NO_DATA = "symbols without data"
NO_BARS = "sessions without the underlying's bars"
UNFINISHED = "jobs not finished"
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
    NOT_IN_PLAN: "data not in the provider's plan",
    UNKNOWN: "data the provider does not have",
    UNFINISHED: "jobs that failed, or depend on one that failed: run the same command again",
}


@dataclass(slots=True)
class Summary:
    """Totals by stage; `counts` by reason and `messages` of failed jobs over all stages; `requests` that were sent."""

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
    totals: Mapping[Stage, StageTotals],
    traffic: Traffic,
    unfinished: int,
) -> Summary:
    """Add up a backfill of the sessions `days`.

    `totals` include what earlier backfills finished. `traffic` is that of this process, `unfinished` the number of
    failed and blocked jobs.
    """
    summary = Summary(requests=traffic.sent)
    for stage, total in totals.items():
        if total.runs:
            summary.stages[stage] = total
        summary.counts.update(total.counts)
        summary.messages.update(total.messages)
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


def tables(summary: Summary) -> list[RichTable]:
    """Return the final tables: the runs by stage, and all counts with their explanations."""
    stages = RichTable("stage", "runs", "done", "rows stored", title="Backfill", title_justify="left")
    for stage, total in summary.stages.items():
        stages.add_row(str(stage), f"{total.runs:,}", f"{total.done:,}", f"{total.rows:,}")
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
