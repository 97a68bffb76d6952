"""Rebuild of a past session from stored bars: greeks rows, gamma snapshot and DONE of each slot in one commit.

No request is sent to the provider. A slot with live or imported rows is not changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np

from ingestion import fetched_ranges
from ingestion.backfill.contracts.cache import CachedContracts, ContractListCache, ListNotFetchedError
from ingestion.backfill.contracts.table import ContractTable
from ingestion.backfill.engine.jobs import RunKey
from ingestion.backfill.engine.ledger import read_finished
from ingestion.backfill.rebuild.last_trades import price_at, read_bars, trades_at
from ingestion.backfill.rebuild.option_bars import TASK as BARS_TASK
from ingestion.backfill.rebuild.slot_chain import rebuild_slot
from ingestion.backfill.rebuild.slot_store import TABLE, ComputedSlot, store_slots
from ingestion.backfill.rebuild.volatility import SpotDisagreesError
from ingestion.backfill.selection import Depth, select_at_price
from ingestion.bars.bar_times import close_ms, open_ms
from ingestion.chains.slots import CLOSING_SLOT_OPEN_FOR, Slot, slots_of
from ingestion.fetched_ranges import Stretch
from quant import sessions
from warehouse import clock, partitions, runs
from warehouse.asof import chain
from warehouse.models.enums import Source
from warehouse.task_names import RunTask
from warehouse.watchlist import entry_of

SnapshotFrequency = Literal["close", "15m"]  # the values of the option --every

_DONE_BEFORE, _OTHER_ROWS = "already done", "the slot has live or imported rows"


@dataclass(slots=True)
class RebuildResult:
    """Result for one symbol and session: `slots` and `rows` stored, and contracts left out by reason over all slots.

    `stored` is false if nothing was stored; `detail` explains why, or why some slots are missing. `is_complete` means
    that no slot is left to rebuild: each one was stored, was stored before, or has live or imported rows.
    """

    symbol: str
    session: date
    slots: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    stored: bool = False
    is_complete: bool = False
    detail: str = ""

    def add_slot(self, rows: int, rejected: Mapping[str, int]) -> None:
        """Count a slot that was stored."""
        self.slots, self.rows, self.stored = self.slots + 1, self.rows + rows, True
        self.rejected.update(rejected)

    def __str__(self) -> str:
        counts = f"{self.slots} slots, {self.rows:,} rows" if self.stored else "nothing stored"
        return f"{self.symbol} {self.session}: {counts}{f' ({self.detail})' if self.detail else ''}"


def rebuild_session(
    symbols: Sequence[str],
    session: date,
    depth: Depth,
    now_ms: int,
    every: SnapshotFrequency = "close",
    contract_lists: ContractListCache | None = None,
) -> list[RebuildResult]:
    """Rebuild a session of some symbols from stored bars: its closing slot, or every slot after the open.

    All symbols of a slot are stored together. Reads the contracts that were listed, their bars and the underlying's,
    which `listed_contracts`, `ensure_option_bars` and `historical_bars` have stored; bars that end after a slot are
    ignored for it. Contracts left out are counted: expired, no_trade (none in the session so far), stale (the last one
    over two hours old), no_underlying. A slot is not stored if the bars of a selected contract have not been fetched. A
    slot is rebuilt once per depth; of two depths, the one with more rows stays. A slot that has live or imported rows
    is recorded as done without rows. `contract_lists` may contain lists read for other sessions. Raises ValueError for
    a date without a session. Do not call it inside a transaction.
    """
    results = {symbol: RebuildResult(symbol, session) for symbol in symbols}
    slots, task = slots_to_rebuild(session, every), f"{RunTask.BACKFILL_CHAIN}_{depth}"
    if clock.instant(now_ms) < sessions.close_of(session) + CLOSING_SLOT_OPEN_FOR:
        return [_skipped(result, "the session is not over") for result in results.values()]
    if not partitions.inside(TABLE, np.array([slots[0].at_ms]), now_ms).all():
        return [_skipped(result, "older than the retention of the table") for result in results.values()]
    finished = read_finished(RunKey(task, symbol, slot.at_ms) for symbol in symbols for slot in slots)
    reasons = {symbol: Counter[str]() for symbol in symbols}
    for key in finished:
        reasons[key.symbol][_DONE_BEFORE] += 1
    unfinished = [symbol for symbol in symbols if reasons[symbol][_DONE_BEFORE] < len(slots)]
    data = _SessionData(unfinished, session, depth, contract_lists or ContractListCache())
    for symbol, reason in data.errors.items():
        reasons[symbol][reason] += 1
    for slot in slots:
        missing = [symbol for symbol in data.contracts if (task, symbol, slot.at_ms) not in finished]
        computed, errors = data.rebuild(missing, slot)
        for symbol, reason in errors.items():
            reasons[symbol][reason] += 1
        kept = sorted(symbol for symbol, reason in errors.items() if reason == _OTHER_ROWS)
        if kept:
            runs.note_done(task, [runs.Done(symbol, slot.at_ms, 0, {}) for symbol in kept])
        rows = store_slots(task, str(depth), slot, computed, now_ms) if computed else {}
        for one in computed:
            results[one.symbol].add_slot(rows[one.symbol], one.rebuilt.chain.rejected)
    for symbol, counts in reasons.items():
        results[symbol].is_complete = not counts.keys() - {_DONE_BEFORE, _OTHER_ROWS}
        texts = (f"{text} ({n} slots)" if n > 1 else text for text, n in counts.items())
        results[symbol].detail = "; ".join(texts)
    return list(results.values())


def _skipped(result: RebuildResult, reason: str) -> RebuildResult:
    result.detail = reason
    return result


class _SessionData:
    """Contracts and underlying bars of a session, read once for all its slots.

    `contracts` by symbol; `errors` is the reason for each symbol without contracts.
    """

    def __init__(
        self, symbols: Sequence[str], session: date, depth: Depth, contract_lists: ContractListCache
    ) -> None:
        self.session, self.depth = session, depth
        self.contracts: dict[str, CachedContracts] = {}
        self.errors: dict[str, str] = {}
        for symbol in symbols:
            try:
                self.contracts[symbol] = contract_lists.get(symbol, session, depth.max_dte)
            except ListNotFetchedError as error:
                self.errors[symbol] = str(error)
        self.entries = {symbol: entry_of(symbol) for symbol in self.contracts}
        bars = read_bars(list(self.contracts), session)
        self.underlying = {
            symbol: bars.for_contracts(range(n, n + 1)) for n, symbol in enumerate(self.contracts)
        }

    def rebuild(self, symbols: Sequence[str], slot: Slot) -> tuple[list[ComputedSlot], dict[str, str]]:
        """Compute a slot; return the results, and by symbol why a slot could not be computed."""
        errors: dict[str, str] = {}
        tables: dict[str, ContractTable] = {}
        for symbol in symbols:
            spot = price_at(self.underlying[symbol], slot.at_ms)
            if np.isnan(spot):
                errors[symbol] = "the underlying has no bar that ends at the slot"
            elif chain.sources(symbol, slot.at_ms) - {Source.BACKFILL.value}:
                errors[symbol] = _OTHER_ROWS
            else:
                _, listed, expirations = self.contracts[symbol]
                tables[symbol] = listed.select(
                    select_at_price(listed, expirations, self.session, spot, self.depth)
                )
        with_bars = fetched_ranges.symbols_covering(
            BARS_TASK, _tickers(tables), Stretch(open_ms(self.session), close_ms(self.session))
        )
        for symbol, table in tuple(tables.items()):
            missing = len(set(table.ticker.tolist()) - with_bars)
            if missing:
                errors[symbol] = f"the bars of {missing} of {len(table)} contracts have not been fetched"
                del tables[symbol]
        computed = []
        bars = read_bars(_tickers(tables), self.session)
        first = 0
        for symbol, table in tables.items():
            own_bars, first = bars.for_contracts(range(first, first + len(table))), first + len(table)
            trades = trades_at(own_bars, self.underlying[symbol], len(table), slot.at_ms)
            try:
                rebuilt = rebuild_slot(table, trades, slot.at)
            except SpotDisagreesError as error:
                errors[symbol] = str(error)
                continue
            computed.append(ComputedSlot(self.entries[symbol], len(table), rebuilt))
        return computed, errors


def slots_to_rebuild(session: date, every: SnapshotFrequency) -> list[Slot]:
    """Return the slots to rebuild: the close, or all but the first one, the open, before which nothing traded."""
    slots = slots_of(session)
    return slots[-1:] if every == "close" else slots[1:]


def _tickers(tables: Mapping[str, ContractTable]) -> list[str]:
    return [ticker for table in tables.values() for ticker in table.ticker.tolist()]
