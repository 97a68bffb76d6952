"""Volume of puts and calls of one chain in a session."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np

from ingestion.bars.bar_times import close_ms, open_ms
from warehouse.asof import chain
from warehouse.asof.chain import ChainActivity
from warehouse.models.enums import Source


class Volumes(NamedTuple):
    """Volume of the session so far, in contracts."""

    puts: float
    calls: float


def session_volumes(symbol: str, session: date) -> Volumes:
    """Return the volumes of a symbol's chain up to the session's close; 0 without a snapshot."""
    opens, at_ms = open_ms(session), close_ms(session)
    snapshots: list[ChainActivity] = []
    while len(snapshots) < 2 and (slot := chain.newest_slot(symbol, opens, at_ms)) is not None:
        snapshots.append(chain.read(symbol, slot.timestamp, ChainActivity))
        at_ms = slot.timestamp - 1
    return last_volumes(snapshots)


def last_volumes(newest_first: list[ChainActivity]) -> Volumes:
    """Return the volumes of snapshots, counting each contract with the newest one that contains it.

    Contracts that settle at the close are no longer in the closing snapshot, and are the busiest of the day. A rebuilt
    snapshot contains only selected contracts near the money, so its volume is not that of the chain and not counted.
    """
    puts = calls = 0.0
    seen = np.array([], dtype=np.str_)
    for snapshot in newest_first:
        counted = (snapshot.source != Source.BACKFILL.value) & ~np.isin(snapshot.contract_ticker, seen)
        volume = np.where(counted, np.nan_to_num(snapshot.volume), 0.0)
        puts += float(volume[~snapshot.is_call].sum())
        calls += float(volume[snapshot.is_call].sum())
        seen = np.append(seen, snapshot.contract_ticker[counted])
    return Volumes(puts, calls)
