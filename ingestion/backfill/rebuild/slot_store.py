"""Storage of rebuilt slots: the greeks rows, gamma snapshots and DONE of several symbols in one commit.

No run is claimed: a process that rebuilds the slot concurrently computes the same rows, and each row is stored
once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction

from ingestion.backfill.rebuild.open_interest import recorded_open_interest
from ingestion.backfill.rebuild.slot_chain import METHOD_VERSION, RebuiltSlot
from ingestion.chains.chain_rows import band_of
from ingestion.chains.gamma_exposure import measure_gamma
from ingestion.chains.gamma_inputs import read_past
from ingestion.chains.slots import Slot
from ingestion.chains.store import ChainToStore, insert_chains, summary
from warehouse import partitions, runs
from warehouse.models import ExpirationGamma, GammaExposure, HistoricalGreeks, WatchlistEntry
from warehouse.models.enums import Source

TABLE = HistoricalGreeks._meta.db_table

_COUNTS = (
    "SELECT symbol, count(*) FROM historical_greeks"
    ' WHERE symbol = ANY(%s) AND "timestamp" = %s GROUP BY symbol'
)
_DELETE = (
    "DELETE FROM historical_greeks WHERE symbol = ANY(%s) AND \"timestamp\" = %s AND source = 'backfill'"
)


@dataclass(frozen=True, slots=True)
class ComputedSlot:
    """A computed slot of one symbol of the watchlist; `contracts` is the number of selected contracts."""

    entry: WatchlistEntry
    contracts: int
    rebuilt: RebuiltSlot

    @property
    def symbol(self) -> str:
        return str(self.entry.symbol)


def store_slots(
    task: str, depth: str, slot: Slot, computed: Sequence[ComputedSlot], now_ms: int
) -> dict[str, int]:
    """Store one slot of some symbols; return the number of rows of each.

    If the slot already has more rows of another depth, these stay and the run has 0 rows; otherwise they are
    replaced. Do not call it inside a transaction.
    """
    prepared = {
        one.symbol: _prepared(one, slot, depth, now_ms)
        for one in sorted(computed, key=lambda one: one.symbol)
    }
    partitions.ensure(TABLE, slot.at_ms, slot.at_ms)
    with transaction.atomic():
        to_store = _delete_smaller({symbol: one.done.rows for symbol, one in prepared.items()}, slot.at_ms)
        if to_store:
            insert_chains(slot.at_ms, [one.chain for symbol, one in prepared.items() if symbol in to_store])
        runs_done = [
            one.done if symbol in to_store else replace(one.done, rows=0) for symbol, one in prepared.items()
        ]
        runs.note_done(task, runs_done)
    return {one.symbol: one.rows for one in runs_done}


class _Prepared(NamedTuple):
    """A chain to be stored and its entry in the ledger."""

    chain: ChainToStore
    done: runs.Done


def _prepared(computed: ComputedSlot, slot: Slot, depth: str, now_ms: int) -> _Prepared:
    symbol, rebuilt = computed.symbol, computed.rebuilt.chain
    recorded = recorded_open_interest(symbol, slot, rebuilt.columns.ticker)
    chain = replace(rebuilt, columns=replace(rebuilt.columns, open_interest=recorded))
    gamma = measure_gamma(chain, read_past(symbol, slot.at_ms))
    result = summary(chain, gamma) | {
        "depth": depth,
        "forwards": computed.rebuilt.forwards,
        "from_other_side": computed.rebuilt.from_other_side,
    }
    rows = int(np.count_nonzero(band_of(computed.entry, chain)))
    return _Prepared(
        ChainToStore(computed.entry, chain, lambda: gamma, now_ms, Source.BACKFILL, METHOD_VERSION),
        runs.Done(symbol, slot.at_ms, rows, chain.rejected, result, computed.contracts),
    )


def _delete_smaller(rows: Mapping[str, int], slot_ms: int) -> set[str]:
    """Delete rows of other depths at the slot unless there are more of them.

    Returns the symbols whose rows are to be stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [list(rows), slot_ms])
        stored_counts = dict(cursor.fetchall())
        symbols_to_store = {
            symbol for symbol, count in rows.items() if count and stored_counts.get(symbol, 0) <= count
        }
        if symbols_to_store & set(stored_counts):
            cursor.execute(_DELETE, [sorted(symbols_to_store), slot_ms])
    for model in (GammaExposure, ExpirationGamma):
        model._default_manager.filter(symbol__in=symbols_to_store, timestamp=slot_ms).delete()
    return symbols_to_store
