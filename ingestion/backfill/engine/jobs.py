"""Jobs of a backfill, their stages and their outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """Kinds of jobs, in the order in which they depend on each other."""

    STOCKS = "daily bars of all stocks"
    BARS = "bars of underlyings"
    CONTRACTS = "bars of contracts"
    FLOW = "trades of contracts"
    CHAINS = "greeks and gamma"
    IV = "IV percentile"
    REGIME = "market regime"

    @property
    def fetches(self) -> bool:
        """Whether its jobs send requests to the provider; the others compute from stored rows."""
        return self in (Stage.STOCKS, Stage.BARS, Stage.CONTRACTS, Stage.FLOW)


# The position of each stage in that order.
STAGE_ORDER = {stage: place for place, stage in enumerate(Stage)}


class RunKey(NamedTuple):
    """Key of a run in the ledger; `slot` in epoch ms."""

    task: str
    symbol: str
    slot: int


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `arguments` (strings and numbers) are the first arguments of its handler.

    `runs` are the runs of the ledger that it finishes, in this order; the last one identifies the job. `symbol` is
    the underlying under which progress is shown, '' for jobs of the whole market. `session` is the first session
    that needs the job; older sessions come first. `after` are the jobs it depends on, each by its last run,
    `requests` the expected number of requests.
    """

    stage: Stage
    symbol: str
    session: date
    runs: tuple[RunKey, ...]
    arguments: tuple[str | int | float, ...]
    after: tuple[RunKey, ...] = ()
    requests: int = 0

    @property
    def run(self) -> RunKey:
        """The last run of the job, which identifies it."""
        return self.runs[-1]


class JobStatus(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    UNAVAILABLE = "unavailable"  # permanently without data; jobs that depend on it run without it
    REFUSED = "refused"  # not included in the provider's plan, nor is any other job of this stage and symbol
    FAILED = "failed"  # may succeed when repeated; jobs that depend on it wait


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one attempt. `rejected` counts what was left out by reason, `detail` is one sentence."""

    status: JobStatus
    rows: int = 0
    rejected: Mapping[str, int] = field(default_factory=Counter)
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.status}, {self.rows:,} rows{f' ({self.detail})' if self.detail else ''}"


BUSY = Outcome(JobStatus.FAILED, detail="another process is executing it")


def failed(error: Exception) -> Outcome:
    """Return the outcome of an attempt that an error of the database ended: its message without line breaks."""
    return Outcome(JobStatus.FAILED, detail=" ".join(str(error).split()))
