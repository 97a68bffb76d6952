"""Processing of trades: check, classify, and store each at most once."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from flow.history import rest_trades
from flow.history.active_contracts import contracts_around
from flow.storing import cancels, store
from flow.storing.checks import Checked, check
from flow.storing.contract_facts import interest_and_volume, multipliers, underlyings
from flow.storing.repair_update import amend_trades
from flow.storing.sweeps import Sweep, unusual_sweeps
from provider.client import MassiveClient
from provider.connection import Connect
from provider.errors import NotFound, Terminal, Unauthorized
from quant.thresholds import TRADE_RULES
from quant.trades.classification import Classification, classify
from quant.trades.trade_values import Trades
from warehouse import partitions
from warehouse.database_sessions import session_lock
from warehouse.loading import bulk
from warehouse.loading.known_at import TRADE_AFTER_MS, store_in_time
from warehouse.models import DeadLetter, OptionsFlow
from warehouse.models.flow import TABLE


@dataclass(frozen=True, slots=True)
class ProcessedTrades:
    """Results of a batch. `stored` counts new rows, `selected` all trades that belong in the table."""

    trades: int
    selected: int
    stored: int
    quarantined: Counter[str] = field(default_factory=Counter)
    cancels: tuple[cancels.ContractDay, ...] = ()  # contracts and days whose cancels should be matched
    from_ms: int = 0  # time of the earliest selected trade
    sweeps: tuple[Sweep, ...] = ()  # the unusual sweeps

    def __str__(self) -> str:
        quarantined = "".join(f", {count} {reason}" for reason, count in sorted(self.quarantined.items()))
        return f"{self.trades} trades: {self.selected} selected, {self.stored} new{quarantined}"


class FetchedContract(NamedTuple):
    """Results of a fetch of one contract from the provider's REST history."""

    stored: int  # new rows
    rejected: int  # unreadable trades of the response


@dataclass(frozen=True, slots=True)
class FetchedTrades:
    """Results of a fetch from the provider's REST history."""

    contracts: int
    stored: int  # new rows
    unknown: int  # contracts whose trades the provider refused or sent partly unreadable

    def __str__(self) -> str:
        return f"{self.stored} trades of {self.contracts} contracts stored, trades of {self.unknown} contracts unknown"


def process_trades(
    batch: TradeBatch,
    now_ms: int,
    name: str = "",
    complete_range: tuple[int, int] | None = None,
    is_history: bool = False,
) -> ProcessedTrades:
    """Classify a batch and store the trades that are large enough. Processing it again changes nothing.

    `complete_range` (first and last epoch ms) is a time for which the batch is more complete than the stream was.
    Stored rows of that time are amended (`flow.storing.repair_update`). Trades that no row can hold become dead
    letters with `name` as their origin, and are counted by reason. `is_history` marks trades of a past session, which
    are stored as known from the time at which live ones are. Must not run inside a transaction. Raises database errors.
    """
    checked = check(batch, now_ms)
    trades, classes, rows = classified(checked)
    if len(checked.bad):
        _quarantine(checked, name, now_ms)
    if complete_range:
        rows = _without_partial_clusters(checked.good.timestamp_ms, classes, rows, *complete_range)
    if not len(rows):
        return ProcessedTrades(len(batch), 0, 0, checked.reasons)
    symbols = underlyings(checked)
    columns = store.columns_of(checked, trades, classes, rows, symbols, settings.FLOW_QUOTE_PREMIUM)
    columns |= store.report_columns(checked.good, trades, classes.is_cancel, rows)
    times = columns["timestamp"]
    from_ms = int(times.min())
    partitions.ensure(TABLE, from_ms, int(times.max()))
    if is_history:
        columns["known_at"] = times + TRADE_AFTER_MS

    def insert() -> int:
        inserted = bulk.insert_rows(OptionsFlow, columns, likely_new=complete_range is None)
        if complete_range:
            amend_trades(*complete_range)
        return inserted

    stored = store_in_time(insert)
    touched, sweeps = cancels.days_to_match(columns), unusual_sweeps(checked, classes, symbols)
    return ProcessedTrades(len(batch), len(rows), stored, checked.reasons, touched, from_ms, sweeps)


def ingest_options_flow(symbol: str, since: int, connect: Connect, now_ms: int) -> FetchedTrades:
    """Store the missing trades of an underlying from epoch ms `since` until now, from the REST history.

    Only contracts that may have traded are fetched. Serves times without a consumer. Raises
    `provider.errors.Retryable`, `Unauthorized` and `Incomplete`; trades stored so far stay stored.
    """
    stored = unknown = 0
    with connect() as client:
        contracts = contracts_around([symbol], since, now_ms, client)
        for contract in contracts:
            try:
                fetched = fetch_contract(client, symbol, contract.contract_ticker, since, now_ms, now_ms)
            except NotFound:
                continue  # the contract never traded
            except Unauthorized:
                raise
            except Terminal:
                unknown += 1
                continue
            stored += fetched.stored
            unknown += bool(fetched.rejected)
    return FetchedTrades(len(contracts), stored, unknown)


def fetch_contract(
    client: MassiveClient, symbol: str, contract_ticker: str, from_ms: int, to_ms: int, now_ms: int
) -> FetchedContract:
    """Store the missing trades of a contract with a time in [from_ms, to_ms], from the provider's REST history.

    Also amends stored trades near the range: sweeps across its edges, and trades whose quote was sent within it.
    Repeating it changes nothing. Must not run inside a transaction. Raises `provider.errors`, before anything is
    stored.
    """
    rules = TRADE_RULES["default"]
    # After a gap the consumer knows the rate of a contract's trades only over the time since.
    edges = (from_ms - rules.cluster_window_ms, to_ms + rules.rate_period_ms)
    # Whole windows at both ends, so that a sweep across an edge is detected as one.
    first, last = edges[0] - rules.cluster_window_ms, edges[1] + rules.cluster_window_ms
    with session_lock(f"flow repair contract {contract_ticker}", wait=True):
        past = rest_trades.trades_between(client, symbol, contract_ticker, first, last, now_ms)
        processed = process_trades(
            past.batch, now_ms, f"rest:{contract_ticker}:{from_ms}", complete_range=edges
        )
    cancels.match(processed.cancels)
    return FetchedContract(processed.stored, past.rejected)


def classified(checked: Checked) -> tuple[Trades, Classification, NDArray[np.intp]]:
    """Return the valid trades, their classification, and the rows that belong in the table."""
    trades = store.trades_of(checked, *interest_and_volume(checked), multipliers(checked))
    classes = classify(trades)
    return trades, classes, store.rows_to_store(trades, classes, settings.FLOW_MINIMUM_CONTRACTS)


def _without_partial_clusters(
    times: NDArray[np.int64], classes: Classification, rows: NDArray[np.intp], from_ms: int, to_ms: int
) -> NDArray[np.intp]:
    """Return `rows` without clusters outside the range, of which the batch may hold only a part."""
    first = np.where(classes.sweep_first >= 0, classes.sweep_first, classes.split_first)
    inside = first[(times >= from_ms) & (times <= to_ms)]
    whole: NDArray[np.intp] = rows[(first[rows] < 0) | np.isin(first[rows], inside)]
    return whole


def _quarantine(checked: Checked, name: str, now_ms: int) -> None:
    """Store invalid trades with their payload as a dead letter."""
    payload = checked.bad.encode()
    digest = hashlib.sha256(payload).hexdigest()[:16]
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(checked.reasons.items()))
    DeadLetter.objects.get_or_create(
        batch_id=f"{name or 'trades'}:quarantine:{digest}",
        defaults={"payload": payload, "error": reasons, "attempts": 1, "created_at": now_ms},
    )
