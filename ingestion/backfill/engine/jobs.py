"""The pieces of work a backfill is made of, and how one of them ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """Kinds of work, in the order in which one rests on the other."""

    STOCKS = "daily bars of all stocks"
    BARS = "bars of underlyings"
    CONTRACTS = "bars of contracts"
    FLOW = "trades of contracts"
    CHAINS = "greeks and gamma"
    IV = "IV percentile"
    REGIME = "market regime"

    @property
    def fetches(self) -> bool:
        """Whether it waits for the provider; the others compute from our own tables."""
        return self in (Stage.STOCKS, Stage.BARS, Stage.CONTRACTS, Stage.FLOW)


# Where a stage stands in that order.
PLACES = {stage: place for place, stage in enumerate(Stage)}


class RunKey(NamedTuple):
    """Where the ledger keeps a piece of work; `slot` in epoch ms."""

    task: str
    symbol: str
    slot: int


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. `run` is its identity; `arguments` (texts and numbers) are what `stages.perform` is given.

    `symbol` is the underlying it is shown under, '' for work of the whole market; `day` the first session it is
    needed for: older days come first. `requests` is how many it will send, as far as can be foreseen.
    """

    stage: Stage
    symbol: str
    day: date
    run: RunKey
    arguments: tuple[str | int | float, ...]
    after: tuple[RunKey, ...] = ()
    requests: int = 0


class End(StrEnum):
    """How a piece of work ended."""

    DONE = "done"
    NOTHING = "nothing"  # for good, and what rests on it may go on without: the plan or the market has none
    REFUSED = "refused"  # the plan does not hold it, nor any other of this stage and symbol
    FAILED = "failed"  # for now: to be tried again, and what rests on it waits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to. `rejected` counts what was left out by reason, `detail` is one sentence."""

    end: End
    rows: int = 0
    rejected: Mapping[str, int] = field(default_factory=Counter)
    detail: str = ""


# A job handed out: a sentence why it left no end in the ledger, or None.
Ended = Future[str | None]


def one_line(error: Exception) -> str:
    """What an error says, without its line breaks."""
    return " ".join(str(error).split())
