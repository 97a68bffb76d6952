"""One slot of one underlying: fetch, check, compute, store. The chain is fetched once and serves greeks and gamma."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter

from ingestion.chains.chain_columns import check_chain
from ingestion.chains.compute import NothingToStore, compute_chain
from ingestion.chains.spot import Spot, spot_in_chain, spot_in_snapshot
from ingestion.chains.store import store_chain
from ingestion.provider_client import massive_client
from provider.errors import ProviderError
from provider.pagination import ChainPages
from quant.sessions import new_york_date
from warehouse import clock, queries, runs
from warehouse.models import WatchlistEntry
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

NOMINAL_DELAY_MS = 15 * 60 * 1000  # of a delayed plan whose rows carry no time
MISSED = "missed: the slot passed without a chain; it stays a gap and is not filled with data of another time"


class Outcome(StrEnum):
    """How an attempt at a slot ended."""

    DONE = "done"
    FAILED = "failed"
    ALREADY_DONE = "already done"
    BUSY = "another worker is at it"


@dataclass(frozen=True, slots=True)
class ChainResult:
    """`contracts_processed` contracts came, `rows` were stored; `detail` is one sentence where it failed."""

    symbol: str
    slot: int
    outcome: Outcome
    contracts_processed: int = 0
    rows: int = 0
    dealer_positioning: str | None = None
    detail: str = ""

    def __str__(self) -> str:
        at = clock.instant(self.slot).isoformat(timespec="minutes")
        stored = f", {self.contracts_processed:,} contracts, {self.rows:,} rows" if self.rows else ""
        return f"{self.symbol} {at}: {self.outcome}{stored}{f' ({self.detail})' if self.detail else ''}"


def ingest_chain(symbol: str, slot: int, now_ms: int, deadline: int | None = None) -> ChainResult:
    """Fetches, checks, computes and stores the chain of `symbol` at `slot`; both times epoch milliseconds.

    1. At or past `deadline` the slot is missed; the reason of an attempt made in time stays the reason.
    2. Claim the slot in the ledger: done, or in another worker's hands, is no error and no work. The deadline is asked
       again once the pages are in: data that came later belong to another time and are thrown away.
    3. Fetch every page, check every row, compute what is absent.
    4. Store greeks, gamma snapshot and DONE in one transaction.

    A provider's error ends as FAILED with its sentence, to be tried again while the slot lasts; anything else
    is raised and leaves STARTED, which the next claim does again.
    """
    if (
        deadline is not None
        and now_ms >= deadline
        and queries.run_statuses(RunTask.INGEST_CHAIN, symbol, slot).get(slot) != RunStatus.DONE
    ):
        runs.miss(RunTask.INGEST_CHAIN, symbol, slot, MISSED)
        return ChainResult(symbol, slot, Outcome.FAILED, detail=MISSED)
    with runs.claim(RunTask.INGEST_CHAIN, symbol, slot) as run:
        if isinstance(run, runs.Refusal):
            return ChainResult(
                symbol, slot, Outcome.ALREADY_DONE if run is runs.Refusal.DONE else Outcome.BUSY
            )
        try:
            return _work(run, deadline)
        except (ProviderError, NothingToStore, Missed) as error:
            runs.fail(run, str(error))
            return ChainResult(symbol, slot, Outcome.FAILED, detail=str(error))


class Missed(Exception):
    """The slot's time is over."""


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds spent by stage."""

    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.milliseconds[name] = round((perf_counter() - started) * 1000, 1)


def _work(run: runs.Run, deadline: int | None) -> ChainResult:
    entry = queries.watchlist_entry(run.symbol)
    watch = Stopwatch()
    with watch.stage("fetch"):
        pages, spot = _fetch(entry)
    if deadline is not None and max(pages.fetched_at_ms) >= deadline:
        raise Missed(MISSED)
    slot_at = clock.instant(run.slot)
    with watch.stage("check"):
        checked = check_chain(pages.rows, entry.roots, new_york_date(slot_at))
        checked.rejected.update(pages.rejected)
    delay_ms = _delay_ms(pages, spot)
    with watch.stage("compute"):
        chain = compute_chain(checked, spot, slot_at, delay_ms)
    rows, gamma = store_chain(run, entry, chain, pages, delay_ms, watch)
    return ChainResult(
        symbol=run.symbol,
        slot=run.slot,
        outcome=Outcome.DONE,
        contracts_processed=len(pages.rows),
        rows=rows,
        dealer_positioning=gamma.dealer_positioning,
    )


def _fetch(entry: WatchlistEntry) -> tuple[ChainPages, Spot | None]:
    with massive_client() as client:
        pages = client.chain(entry.provider_symbol)
        return pages, spot_in_chain(pages.rows) or spot_in_snapshot(client, entry.provider_symbol)


def _delay_ms(pages: ChainPages, spot: Spot | None) -> int:
    """How old the data are: measured by the underlying's own stamp, on delayed plans only."""
    if not (pages.delayed or pages.underlying_delayed):
        return 0
    if spot is None or spot.updated_ms is None:
        return NOMINAL_DELAY_MS
    return max(0, pages.fetched_at_ms[0] - spot.updated_ms)
