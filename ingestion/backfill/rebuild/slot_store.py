"""Storage of rebuilt slots: the greeks rows, gamma snapshots and DONE of several symbols in one commit.

No run is claimed: a process that rebuilds the slot concurrently computes the same rows, and each row is stored
once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction

from ingestion.backfill.rebuild.open_interest import recorded_open_interest
from ingestion.backfill.rebuild.slot_chain import METHOD_VERSION, RebuiltSlot
from ingestion.bars.bar_times import open_ms
from ingestion.chains.gamma_exposure import weighted_gamma
from ingestion.chains.gamma_inputs import input_columns
from ingestion.chains.slots import Slot
from ingestion.chains.store import gamma_row, greeks_rows, summary
from quant.sessions import new_york_date
from warehouse import partitions, queries, runs
from warehouse.loading import bulk
from warehouse.models import GammaExposure, HistoricalGreeks
from warehouse.models.enums import OpenInterestSource, Source

TABLE = HistoricalGreeks._meta.db_table

_STORED = """
SELECT s.symbol,
       EXISTS (SELECT FROM historical_greeks g
               WHERE g.symbol = s.symbol AND g."timestamp" = %(slot)s AND g.source <> 'backfill'),
       (SELECT max(g."timestamp") FROM historical_greeks g
        WHERE g.symbol = s.symbol AND g."timestamp" BETWEEN %(opens)s AND %(slot)s AND g.open_interest IS NOT NULL)
FROM unnest(%(symbols)s::text[]) AS s (symbol)
"""
_COUNTS = (
    "SELECT symbol, count(*) FROM historical_greeks"
    ' WHERE symbol = ANY(%s) AND "timestamp" = %s GROUP BY symbol'
)
_DELETE = (
    "DELETE FROM historical_greeks WHERE symbol = ANY(%s) AND \"timestamp\" = %s AND source = 'backfill'"
)


class StoredSlot(NamedTuple):
    """What is stored of a symbol at a slot.

    `has_other_rows`: whether the slot has live or imported rows. `open_interest_ms`: the latest snapshot of the
    session up to the slot that has open interest (epoch ms).
    """

    has_other_rows: bool
    open_interest_ms: int | None


@dataclass(frozen=True, slots=True)
class ComputedSlot:
    """A computed slot of one symbol.

    `contracts` is the number of selected contracts, `open_interest_ms` the snapshot from which open interest is
    taken.
    """

    symbol: str
    contracts: int
    rebuilt: RebuiltSlot
    open_interest_ms: int | None


def stored_slots(symbols: Sequence[str], slot: Slot) -> dict[str, StoredSlot]:
    """Return what is stored at a slot, by symbol."""
    opens = open_ms(new_york_date(slot.at))
    with connection.cursor() as cursor:
        cursor.execute(_STORED, {"symbols": list(symbols), "slot": slot.at_ms, "opens": opens})
        return {symbol: StoredSlot(*rest) for symbol, *rest in cursor.fetchall()}


def store_slots(
    task: str, depth: str, slot: Slot, computed: Sequence[ComputedSlot], now_ms: int
) -> dict[str, int]:
    """Store one slot of some symbols; return the number of rows of each.

    If the slot already has more rows of another depth, these stay and the run has 0 rows; otherwise they are
    replaced. Do not call it inside a transaction.
    """
    rows_by_symbol = {
        one.symbol: _slot_rows(one, slot, depth, now_ms)
        for one in sorted(computed, key=lambda one: one.symbol)
    }
    partitions.ensure(TABLE, slot.at_ms, slot.at_ms)
    with transaction.atomic():
        symbols_to_store = _delete_smaller(
            {symbol: one.rows for symbol, one in rows_by_symbol.items()}, slot.at_ms
        )
        kept = [one for symbol, one in rows_by_symbol.items() if symbol in symbols_to_store]
        if kept:
            bulk.insert_rows(HistoricalGreeks, _stacked([one.greeks for one in kept]))
            GammaExposure.objects.bulk_create([one.gamma for one in kept], ignore_conflicts=True)
        rows = {
            symbol: one.rows if symbol in symbols_to_store else 0 for symbol, one in rows_by_symbol.items()
        }
        runs.note_done(
            task,
            [
                runs.Done(symbol, slot.at_ms, rows[symbol], one.rejected, one.result, one.contracts)
                for symbol, one in rows_by_symbol.items()
            ],
        )
    return rows


class _SlotRows(NamedTuple):
    """The rows of one symbol to be stored."""

    rows: int
    greeks: Mapping[str, Any]
    gamma: GammaExposure
    contracts: int
    rejected: Mapping[str, int]
    result: Mapping[str, Any]


def _slot_rows(computed: ComputedSlot, slot: Slot, depth: str, now_ms: int) -> _SlotRows:
    columns = computed.rebuilt.chain.columns
    recorded = recorded_open_interest(computed.symbol, computed.open_interest_ms, columns.ticker)
    chain = replace(computed.rebuilt.chain, columns=replace(columns, open_interest=recorded))
    oi_source, median_gross = OpenInterestSource.VOLUME_PROXY, None
    if np.isfinite(recorded).any():  # the weights are either all recorded open interest or all volume
        oi_source = OpenInterestSource.PROVIDER
        median_gross = queries.median_gross_gamma(computed.symbol, slot.at_ms)
    gamma = weighted_gamma(chain, oi_source, median_gross)
    inputs = input_columns(chain, oi_source, median_gross)
    all_rows = np.ones(len(columns), dtype=np.bool_)
    return _SlotRows(
        len(columns),
        greeks_rows(computed.symbol, chain, all_rows, now_ms, Source.BACKFILL, METHOD_VERSION),
        gamma_row(computed.symbol, slot.at_ms, gamma, oi_source, inputs),
        computed.contracts,
        chain.rejected,
        summary(chain, gamma)
        | {
            "depth": depth,
            "forwards": computed.rebuilt.forwards,
            "from_other_side": computed.rebuilt.from_other_side,
            "oi_source": oi_source.value,
        },
    )


def _stacked(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Concatenate the columns of several symbols; a scalar is repeated for all rows of its part."""
    lengths = [len(part["contract_ticker"]) for part in parts]
    return {
        name: np.concatenate(
            [np.broadcast_to(part[name], length) for part, length in zip(parts, lengths, strict=True)]
        )
        for name in parts[0]
    }


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
    GammaExposure.objects.filter(symbol__in=symbols_to_store, timestamp=slot_ms).delete()
    return symbols_to_store
