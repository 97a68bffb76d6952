"""Ingestion of one chain: fetch, check, compute greeks and gamma, store."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from time import perf_counter

from ingestion.chains.chain_columns import check_chain
from ingestion.chains.compute import ComputedChain, NothingToStore, compute_chain
from ingestion.chains.gamma_exposure import MeasuredGamma, measure_gamma
from ingestion.chains.gamma_inputs import read_past
from ingestion.chains.pricing.inputs import pricing_inputs
from ingestion.chains.spot import Spot, spot_in_chain, spot_in_snapshot
from ingestion.chains.store import ChainToStore, insert_chains, summary
from ingestion.daily.corporate_actions import dividends_are_known, fetch_dividends
from ingestion.provider_client import massive_client
from provider.errors import ProviderError
from provider.pagination import ChainPages
from quant.sessions import MINUTE_MS, new_york_date
from warehouse import clock, partitions, queries, runs
from warehouse.loading.known_at import store_in_time
from warehouse.models import HistoricalGreeks, WatchlistEntry
from warehouse.models.enums import RunStatus, Source, UnderlyingKind
from warehouse.task_names import RunTask

NOMINAL_DELAY_MS = 15 * MINUTE_MS  # for rows of a delayed plan without a time
MISSED = "missed: the slot passed without a chain and stays a gap"


class Outcome(StrEnum):
    """How an attempt at a slot ended."""

    DONE = "done"
    FAILED = "failed"
    ALREADY_DONE = "already done"
    BUSY = "another worker runs it"


@dataclass(frozen=True, slots=True)
class ChainResult:
    """Result of one slot: contracts received, rows stored, and one sentence in `detail` when it failed."""

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
    """Fetch, check, compute and store the chain of `symbol` at `slot`. All times are epoch milliseconds.

    1. At or after `deadline` the slot is missed. The reason of an earlier attempt is kept.
    2. Claim the slot in the ledger. A slot that is done, or claimed by another worker, is left alone.
    3. Fetch every page and check every row. Data fetched after the deadline belong to another time and are discarded.
    4. Compute absent greeks, and store greeks, gamma snapshot and DONE in one transaction.

    An error of the provider ends the run as FAILED with its sentence; it is tried again until the deadline. Other
    errors are raised and leave STARTED, which the next claim repeats.
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
            return _ingest(run, deadline, now_ms)
        except (ProviderError, NothingToStore, Missed) as error:
            runs.fail(run, str(error))
            return ChainResult(symbol, slot, Outcome.FAILED, detail=str(error))


class Missed(Exception):
    """The deadline of the slot has passed."""


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds by stage."""

    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.milliseconds[name] = round((perf_counter() - started) * 1000, 1)


def _ingest(run: runs.Run, deadline: int | None, now_ms: int) -> ChainResult:
    entry = queries.watchlist_entry(run.symbol)
    watch = Stopwatch()
    if entry.kind != UnderlyingKind.INDEX and not dividends_are_known(run.symbol):
        # A symbol that was just added; later its dividends are fetched before each open.
        fetch_dividends([run.symbol], now_ms, massive_client)
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
        inputs = pricing_inputs(entry, slot_at - timedelta(milliseconds=delay_ms), now_ms)
        chain = compute_chain(checked, spot, slot_at, delay_ms, inputs)
    rows, gamma = store_chain(run, entry, chain, pages, delay_ms, watch)
    return ChainResult(
        symbol=run.symbol,
        slot=run.slot,
        outcome=Outcome.DONE,
        contracts_processed=len(pages.rows),
        rows=rows,
        dealer_positioning=gamma.snapshot.dealer_positioning,
    )


def _fetch(entry: WatchlistEntry) -> tuple[ChainPages, Spot | None]:
    with massive_client() as client:
        pages = client.chain(entry.provider_symbol)
        return pages, spot_in_chain(pages.rows) or spot_in_snapshot(client, entry.provider_symbol)


def _delay_ms(pages: ChainPages, spot: Spot | None) -> int:
    """Return the age of delayed data, measured by the time of the underlying's price; 0 on real-time plans."""
    if not (pages.delayed or pages.underlying_delayed):
        return 0
    if spot is None or spot.updated_ms is None:
        return NOMINAL_DELAY_MS
    return max(0, pages.fetched_at_ms[0] - spot.updated_ms)


def store_chain(
    run: runs.Run,
    entry: WatchlistEntry,
    chain: ComputedChain,
    pages: ChainPages,
    delay_ms: int,
    watch: Stopwatch,
) -> tuple[int, MeasuredGamma]:
    """Store a live chain and DONE in one transaction; return the number of new greeks rows and the gamma.

    Gamma is computed while PostgreSQL loads the rows. The stages of the run contain the time of the insert, not that
    of the commit. Raises RunLostError when another worker has claimed the slot since.
    """
    partitions.ensure(HistoricalGreeks._meta.db_table, run.slot, run.slot)
    past = read_past(run.symbol, run.slot)

    def timed_gamma() -> MeasuredGamma:
        with watch.stage("gamma"):
            return measure_gamma(chain, past, delay_ms)

    with ThreadPoolExecutor(max_workers=1) as beside:
        measured = beside.submit(timed_gamma)
        to_store = ChainToStore(entry, chain, measured.result, max(pages.fetched_at_ms), Source.LIVE)

        def insert() -> int:
            with watch.stage("store"):
                rows = insert_chains(run.slot, [to_store])
            runs.finish(
                run,
                contracts=len(pages.rows) + pages.rejected.total(),
                rows=rows,
                rejected=chain.rejected,
                stages=watch.milliseconds,
                result=summary(chain, measured.result()) | {"pages": pages.pages},
                data_delay_ms=delay_ms,
            )
            return rows

        return store_in_time(insert), measured.result()
