"""What a backfill came to, everything counted and each count explained: read from the ledger, so that it speaks of the
work of every attempt and of every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from rich.table import Table as Picture
from rich.text import Text

from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.jobs import RunKey, Stage
from ingestion.backfill.plan import Plan
from ingestion.backfill.prepare import Preparation
from provider.transport import Traffic
from quant import sessions
from warehouse.models.enums import RunStatus

RATE_LIMITED = "answered 429"
EMPTY = "contracts without a trade"
HALF_DAYS = "half days"
NO_DATA = "symbols without data"
NO_BARS = "sessions without the underlying's bars"
UNREPAIRED = "pieces not finished"
# Every reason by which something may be left out, and what became of it.
EXPLAINED = {
    RATE_LIMITED: "the provider asked for patience: waited for, and asked again",
    "failed requests": "timed out, cut or refused: asked again, up to eight times",
    EMPTY: "listed and never traded in these sessions: no bars, nothing made up",
    "adjusted": "contracts of a split or merger deliver something else than 100 shares: left out",
    "bad_ticker": "contracts whose ticker cannot be read: left out",
    NO_DATA: "delisted, unknown, or not in the provider's plan: nothing rebuilt",
    NO_BARS: "the underlying did not trade at the slot: no chain, and none made up",
    HALF_DAYS: "closed early: their slot is the early close",
    "outside_session": "bars from before the open or after the close: left out",
    "unfinished": "bars not over when they were asked for: left out",
    "zero_volume": "bars without a trade in them: left out",
    "stale": "contracts whose last trade was over two hours old at the slot: left out",
    "not_found": "contracts the provider has forgotten: no bars, nothing made up",
    "no_trade": "contracts that had not traded in the session by the slot: left out",
    "expired": "contracts settled at or before the slot: left out",
    "no_underlying": "contracts that traded when the underlying had no bar: left out",
    "not_fetched": "contracts whose bars could not be had: left out",
    "regime without": "series the plan does not hold: the regime names them as missing",
    job_results.NOT_IN_PLAN: "the provider's plan does not hold them",
    job_results.UNKNOWN: "the provider does not know them",
    UNREPAIRED: "failed for now, or rest on what failed: run the same command again",
}


@dataclass(slots=True)
class StageSum:
    """One kind of work: pieces in all, those DONE, and what they stored."""

    pieces: int = 0
    done: int = 0
    rows: int = 0


@dataclass(slots=True)
class Summary:
    """`counted` by reason; `said` holds sentences that are no fixed reason, with how often each was given."""

    stages: dict[Stage, StageSum] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    @property
    def unrepaired(self) -> int:
        return self.counted[UNREPAIRED]


def summarise(
    days: Sequence[date],
    preparation: Preparation,
    plan: Plan,
    traffic: Traffic,
    unrepaired: int,
) -> Summary:
    """Adds up a backfill of the sessions `days`; `traffic` is this process's, `unrepaired` counts what was left."""
    found = Summary(requests=traffic.sent)
    for stage, keys in plan.keys.items():
        if keys:
            found.stages[stage] = _stage(found, stage, keys)
    for prepared in preparation.symbols:
        if prepared.choice is not None:
            found.counted.update(prepared.choice.listed.rejected)
        if prepared.refused:
            found.counted[NO_DATA] += 1
            found.said[f"{prepared.symbol}: {prepared.refused}"] += 1
        else:
            found.counted[NO_BARS] += len(prepared.without_bars)
    found.counted["regime without"] += len(preparation.missing)
    found.counted[RATE_LIMITED] += traffic.failed["RateLimited"]
    found.counted["failed requests"] += traffic.failed.total() - traffic.failed["RateLimited"]
    found.counted[HALF_DAYS] += sum(map(is_half, days))
    found.counted[UNREPAIRED] += unrepaired
    found.counted = +found.counted
    return found


def is_half(day: date) -> bool:
    """Whether a session closes before the usual hour."""
    return sessions.close_of(day).astimezone(sessions.NEW_YORK).hour < 16


def _stage(found: Summary, stage: Stage, keys: Sequence[RunKey]) -> StageSum:
    rows = job_results.rows_of(keys)
    total = StageSum(pieces=len(keys))
    for row in rows.values():
        found.counted.update(row.rejected)
        if row.status == RunStatus.DONE:
            total.done += 1
            total.rows += row.rows
            found.counted[EMPTY] += stage is Stage.CONTRACTS and not row.rows
        elif row.status == RunStatus.FAILED and not set(row.rejected) & {
            job_results.NOT_IN_PLAN,
            job_results.UNKNOWN,
        }:
            found.said[row.error] += 1
    if stage is Stage.STOCKS:  # a day whose bars an earlier stretch holds has no run of its own
        total.done += total.pieces - len(rows)
    return total


def picture(summary: Summary) -> list[Picture]:
    """The closing tables: the work by kind, and everything counted beside its explanation."""
    work = Picture("work", "pieces", "done", "rows stored", title="Backfill", title_justify="left")
    for stage, total in summary.stages.items():
        work.add_row(str(stage), f"{total.pieces:,}", f"{total.done:,}", f"{total.rows:,}")
    counts = Picture("counted", "", "what it means", title="What was counted", title_justify="left")
    for reason, count in sorted(summary.counted.items(), key=lambda item: -item[1]):
        counts.add_row(
            Text(reason), f"{count:,}", Text(EXPLAINED.get(reason, "left out, as the provider sent it"))
        )
    for sentence, count in summary.said.most_common(20):
        counts.add_row("reason", f"{count:,}", Text(sentence))
    for one in (work, counts):
        for column in one.columns[1:2]:
            column.justify = "right"
    return [work, counts]
