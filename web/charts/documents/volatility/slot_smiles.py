"""Fitted smiles of the chain of a slot, computed from the stored rows as the job after the close computes them.

The charts of one page ask for the same slot, so that a process keeps the last ones, and fits a chain once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from ingestion.chains.closing_chain import whole_chain
from ingestion.daily.volatility_surface import measure_chain
from quant.chain import DAYS_PER_YEAR
from quant.sessions import DAY_MS, new_york_date
from quant.volatility.event_times import event_at
from quant.volatility.surface import Smiles, SurfaceGrid
from quant.volatility.term_row import TermRow
from warehouse import clock
from warehouse.asof import chain, iv
from warehouse.asof.chain import ChainSlot
from web import formats
from web.charts.documents.slots import REACH_MS

_KEPT = 8  # slots; the smiles of an index chain take 5 MB
# Words for why a settlement has no smile.
REASONS = {
    "expired": "settled",
    "no_forward": "no forward",
    "few_quotes": "too few quotes",
    "one_sided": "one-sided quotes",
    "poor_fit": "poor fit",
}


@dataclass(frozen=True, slots=True)
class SlotSmiles:
    """Smiles of the settlements of a slot, ascending in time and root, with surface and term structure."""

    slot: ChainSlot
    smiles: Smiles
    grid: SurfaceGrid
    term: TermRow

    @property
    def names(self) -> list[str]:
        """Return the settlements as in contract tickers, SPXW261218."""
        quotes = self.smiles.quotes
        days = quotes.expiration.astype("datetime64[D]").tolist()
        return [f"{root}{day:%y%m%d}" for root, day in zip(quotes.root.tolist(), days, strict=True)]

    @property
    def labels(self) -> list[str]:
        """Return the settlements as pages show them, with the root where a day has several: 18 Dec 2026 SPXW."""
        quotes = self.smiles.quotes
        days = quotes.expiration.astype("datetime64[D]").tolist()
        several = {day for day in days if days.count(day) > 1}
        return [
            f"{day:%-d %b %Y}{f' {root}' if day in several else ''}"
            for root, day in zip(quotes.root.tolist(), days, strict=True)
        ]

    @property
    def shown(self) -> list[int]:
        """Return the rows of settlements that have quotes or a reason other than having settled."""
        return np.flatnonzero(self.smiles.status != "expired").tolist()


_lock = threading.Lock()
_found: OrderedDict[tuple[str, ChainSlot], SlotSmiles] = OrderedDict()


def forget_smiles() -> None:
    """Remove the smiles that this process keeps."""
    with _lock:
        _found.clear()


def slot_smiles(symbol: str, slot_ms: int | None, at_ms: int) -> SlotSmiles | None:
    """Return the smiles of the newest chain at or before `slot_ms`, or `at_ms` without one, at most ten days old.

    Called inside `asof.at`. One chain is fitted at a time, so that charts that are asked for together wait for one fit.
    """
    until_ms = at_ms if slot_ms is None else min(slot_ms, at_ms)
    slot = chain.newest_slot(symbol, until_ms - REACH_MS, until_ms)
    if slot is None:
        return None
    key = (symbol, slot)
    with _lock:
        if key not in _found:
            measured = measure_chain(symbol, slot.timestamp, whole_chain(symbol, slot))
            _found[key] = SlotSmiles(slot, *measured)
            while len(_found) > _KEPT:
                _found.popitem(last=False)
        _found.move_to_end(key)
        return _found[key]


def events_after_chain(symbol: str, found: SlotSmiles, at_ms: int) -> list[str]:
    """Return the events before the last settlement that became known after the chain, and up to `at_ms`.

    Called inside `asof.at`. The term structure of the chain was measured without them. By date, as pages show them.
    """
    slot_ms = found.slot.timestamp
    if not found.shown:
        return []
    last_ms = slot_ms + float(found.smiles.quotes.years[found.shown[-1]]) * DAYS_PER_YEAR * DAY_MS
    known = iv.events(symbol, new_york_date(clock.instant(slot_ms)), at_ms)
    return [
        f"{formats.words(kind)} {day:%a %-d %b}"
        for kind, day, timing, known_at in zip(
            known.kind.tolist(), known.date.tolist(), known.timing.tolist(), known.known_at.tolist(), strict=True
        )
        if known_at > slot_ms and slot_ms < clock.epoch_ms(event_at(day, timing)) <= last_ms
    ]  # fmt: skip
