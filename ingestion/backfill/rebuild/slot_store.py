"""Rebuilt slots into the warehouse: the greeks rows, the gamma snapshots and DONE of many symbols in one commit.

Nobody claims a slot: whoever rebuilds it at the same time comes to the same rows, of which each is kept once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction

from ingestion.backfill.rebuild.gamma import rebuilt_gamma, recorded_open_interest, with_weights
from ingestion.backfill.rebuild.slot_chain import METHOD_VERSION, RebuiltSlot
from ingestion.bars.bar_times import open_ms
from ingestion.chains.slots import Slot
from ingestion.chains.store import gamma_row, greeks_rows, summary
from quant.sessions import new_york_date
from warehouse import partitions, runs
from warehouse.loading import bulk
from warehouse.models import GammaExposure, HistoricalGreeks
from warehouse.models.enums import Source

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
_FORGET = (
    "DELETE FROM historical_greeks WHERE symbol = ANY(%s) AND \"timestamp\" = %s AND source = 'backfill'"
)


class Stored(NamedTuple):
    """What the table has of a symbol: whether the slot was recorded when it was due, and the latest snapshot of the
    session until then that tells open interest (epoch ms)."""

    is_recorded: bool
    interest_at_ms: int | None


@dataclass(frozen=True, slots=True)
class SlotOfSymbol:
    """A computed slot: of so many wanted `contracts`, and from which snapshot its open interest is."""

    symbol: str
    contracts: int
    rebuilt: RebuiltSlot
    interest_at_ms: int | None


def stored_at(symbols: Sequence[str], slot: Slot) -> dict[str, Stored]:
    """What stands in the tables at a slot, by symbol."""
    opens = open_ms(new_york_date(slot.at))
    with connection.cursor() as cursor:
        cursor.execute(_STORED, {"symbols": list(symbols), "slot": slot.at_ms, "opens": opens})
        return {symbol: Stored(*rest) for symbol, *rest in cursor.fetchall()}


def store_slots(
    task: str, depth: str, slot: Slot, computed: Sequence[SlotOfSymbol], now_ms: int
) -> dict[str, int]:
    """Stores one slot of some symbols; the rows of each.

    Where another depth holds more rows of a symbol's slot these stand, and its run says so by 0 rows; fewer give way.
    Not inside a transaction.
    """
    made = {
        one.symbol: _made(one, slot, depth, now_ms) for one in sorted(computed, key=lambda one: one.symbol)
    }
    partitions.ensure(TABLE, slot.at_ms, slot.at_ms)
    with transaction.atomic():
        stay = _make_room({symbol: one.rows for symbol, one in made.items()}, slot.at_ms)
        kept = [one for symbol, one in made.items() if symbol in stay]
        if kept:
            bulk.insert_rows(HistoricalGreeks, _stacked([one.greeks for one in kept]))
            GammaExposure.objects.bulk_create([one.gamma for one in kept], ignore_conflicts=True)
        rows = {symbol: one.rows if symbol in stay else 0 for symbol, one in made.items()}
        runs.note_done(
            task,
            [
                runs.Done(symbol, slot.at_ms, rows[symbol], one.rejected, one.result, one.contracts)
                for symbol, one in made.items()
            ],
        )
    return rows


class _Made(NamedTuple):
    """What is to be stored of one symbol."""

    rows: int
    greeks: Mapping[str, Any]
    gamma: GammaExposure
    contracts: int
    rejected: Mapping[str, int]
    result: Mapping[str, Any]


def _made(one: SlotOfSymbol, slot: Slot, depth: str, now_ms: int) -> _Made:
    chain = one.rebuilt.chain
    count = len(chain.columns)
    recorded = recorded_open_interest(one.symbol, one.interest_at_ms, chain.columns.ticker)
    weighted, oi_source = with_weights(chain, recorded)
    everything = np.ones(count, dtype=np.bool_)
    greeks = greeks_rows(one.symbol, chain, everything, now_ms, Source.BACKFILL, METHOD_VERSION)
    gamma = rebuilt_gamma(one.symbol, slot.at_ms, weighted, oi_source)
    return _Made(
        count,
        {**greeks, "open_interest": recorded},
        gamma_row(one.symbol, slot.at_ms, gamma, oi_source),
        one.contracts,
        chain.rejected,
        summary(weighted, gamma)
        | {
            "depth": depth,
            "forwards": one.rebuilt.forwards,
            "from_other_side": one.rebuilt.from_other_side,
            "oi_source": oi_source.value,
        },
    )


def _stacked(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Columns of several symbols one below the other; a scalar stands for all rows of its part."""
    lengths = [len(part["contract_ticker"]) for part in parts]
    return {
        name: np.concatenate(
            [np.broadcast_to(part[name], length) for part, length in zip(parts, lengths, strict=True)]
        )
        for name in parts[0]
    }


def _make_room(rows: Mapping[str, int], slot_ms: int) -> set[str]:
    """Takes away what other depths stored of the slot, where it is no more; the symbols whose rows are to be stored."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [list(rows), slot_ms])
        held = dict(cursor.fetchall())
        stay = {symbol for symbol, count in rows.items() if count and held.get(symbol, 0) <= count}
        if stay & set(held):
            cursor.execute(_FORGET, [sorted(stay), slot_ms])
    GammaExposure.objects.filter(symbol__in=stay, timestamp=slot_ms).delete()
    return stay
