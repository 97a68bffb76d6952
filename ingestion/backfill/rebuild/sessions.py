"""A past session's slots, rebuilt from the bars we hold: greeks rows, gamma snapshot and DONE in one commit each.

Asks the provider for nothing. A slot that was recorded live stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
from django.db import connection

from ingestion.backfill.contracts.cache import Lists, NotListedError, Remembered
from ingestion.backfill.contracts.table import Listed
from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.jobs import RunKey
from ingestion.backfill.rebuild.last_trades import price_at, read_bars, trades_at
from ingestion.backfill.rebuild.option_bars import TASK as BARS_TASK
from ingestion.backfill.rebuild.slot_chain import rebuild_slot
from ingestion.backfill.rebuild.slot_store import TABLE, SlotOfSymbol, store_slots, stored_at
from ingestion.backfill.rebuild.volatility import SpotDisagreesError
from ingestion.backfill.selection import Depth, wanted_at
from ingestion.bars.bar_times import close_ms, open_ms
from ingestion.chains.slots import CLOSING_SLOT_OPEN_FOR, Slot, slots_of
from quant import sessions
from warehouse import clock, partitions
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

Every = Literal["close", "15m"]

_FETCHED = """
SELECT DISTINCT symbol FROM ingestion_runs
WHERE task = %s AND symbol = ANY(%s) AND status = 'DONE' AND slot >= %s AND (result ->> 'from_ms')::bigint <= %s
"""


@dataclass(slots=True)
class Rebuilt:
    """What one session came to: `slots` and `rows` stored, contracts left out by reason over all slots. `stored` is
    false where nothing was, and `detail` says why, or what else is to be said."""

    symbol: str
    session: date
    slots: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    stored: bool = False
    detail: str = ""

    def add(self, rows: int, rejected: Mapping[str, int]) -> None:
        """One slot more."""
        self.slots, self.rows, self.stored = self.slots + 1, self.rows + rows, True
        self.rejected.update(rejected)

    def __str__(self) -> str:
        held = f"{self.slots} slots, {self.rows:,} rows" if self.stored else "nothing stored"
        return f"{self.symbol} {self.session}: {held}{f' ({self.detail})' if self.detail else ''}"


def rebuild_sessions(
    symbols: Sequence[str],
    session: date,
    depth: Depth,
    now_ms: int,
    every: Every = "close",
    lists: Lists | None = None,
) -> list[Rebuilt]:
    """Rebuilds a session of some symbols from stored bars: the slot of its close, or every quarter hour that has one
    behind it. All symbols of a slot are stored together.

    Reads the contracts that were listed, their bars and the underlying's (`listed_contracts`, `ensure_option_bars`,
    `historical_bars` put them there), none that ended after its slot. Contracts left out are counted: expired,
    no_trade (none in the session so far), stale (the last one over two hours old), no_underlying. A slot of which
    not every wanted contract was asked for is not stored. Done once per depth; of two depths the one with more rows
    stands. `lists` may have been read for other sessions before. Raises ValueError for a date without a session. Not
    inside a transaction.
    """
    done = {symbol: Rebuilt(symbol, session) for symbol in symbols}
    slots, task = wanted_slots(session, every), f"{RunTask.BACKFILL_CHAIN}_{depth}"
    if clock.instant(now_ms) < sessions.close_of(session) + CLOSING_SLOT_OPEN_FOR:
        return [_left(one, "the session is not over") for one in done.values()]
    if not partitions.inside(TABLE, np.array([slots[0].at_ms]), now_ms).all():
        return [_left(one, "older than the table keeps") for one in done.values()]
    known = job_results.rows_of(RunKey(task, symbol, slot.at_ms) for symbol in symbols for slot in slots)
    finished = {(key.symbol, key.slot) for key, row in known.items() if row.status == RunStatus.DONE}
    reasons = {symbol: Counter[str]() for symbol in symbols}
    for symbol, _ in finished:
        reasons[symbol]["already done"] += 1
    left = [symbol for symbol in symbols if reasons[symbol]["already done"] < len(slots)]
    day = _Day(left, session, depth, lists or Lists())
    for symbol, reason in day.unlisted.items():
        reasons[symbol][reason] += 1
    for slot in slots:
        due = [symbol for symbol in day.listed if (symbol, slot.at_ms) not in finished]
        computed, refused = day.rebuild(due, slot)
        for symbol, reason in refused.items():
            reasons[symbol][reason] += 1
        rows = store_slots(task, str(depth), slot, computed, now_ms) if computed else {}
        for one in computed:
            done[one.symbol].add(rows[one.symbol], one.rebuilt.chain.rejected)
    for symbol, counts in reasons.items():
        texts = (f"{text} ({n} slots)" if n > 1 else text for text, n in counts.items())
        done[symbol].detail = "; ".join(texts)
    return list(done.values())


def _left(one: Rebuilt, reason: str) -> Rebuilt:
    one.detail = reason
    return one


class _Day:
    """A session's contracts and the underlyings' bars, read once for all its slots. `listed` by symbol; `unlisted` says
    why the others have none."""

    def __init__(self, symbols: Sequence[str], session: date, depth: Depth, lists: Lists) -> None:
        self.session, self.depth = session, depth
        self.listed: dict[str, Remembered] = {}
        self.unlisted: dict[str, str] = {}
        for symbol in symbols:
            try:
                self.listed[symbol] = lists.remembered_contracts(symbol, session, depth.max_dte)
            except NotListedError as error:
                self.unlisted[symbol] = str(error)
        bars = read_bars(list(self.listed), session)
        self.underlying = {symbol: bars.of(range(n, n + 1)) for n, symbol in enumerate(self.listed)}

    def rebuild(self, symbols: Sequence[str], slot: Slot) -> tuple[list[SlotOfSymbol], dict[str, str]]:
        """Computes a slot; why not, by symbol, where it cannot be."""
        stored = stored_at(symbols, slot)
        refused: dict[str, str] = {}
        wanted: dict[str, Listed] = {}
        for symbol in symbols:
            spot = price_at(self.underlying[symbol], slot.at_ms)
            if np.isnan(spot):
                refused[symbol] = "the underlying has no bar that ends at the slot"
            elif stored[symbol].is_recorded:
                refused[symbol] = "recorded when it was due"
            else:
                _, listed, series = self.listed[symbol]
                wanted[symbol] = listed.pick(wanted_at(listed, series, self.session, spot, self.depth))
        fetched = _fetched(
            [ticker for each in wanted.values() for ticker in each.ticker.tolist()], self.session
        )
        for symbol, each in tuple(wanted.items()):
            missing = len(set(each.ticker.tolist()) - fetched)
            if missing:
                refused[symbol] = f"the bars of {missing} of {len(each)} contracts were not asked for yet"
                del wanted[symbol]
        computed = []
        bars = read_bars(
            [ticker for each in wanted.values() for ticker in each.ticker.tolist()], self.session
        )
        first = 0
        for symbol, each in wanted.items():
            own, first = bars.of(range(first, first + len(each))), first + len(each)
            trades = trades_at(own, self.underlying[symbol], len(each), slot.at_ms)
            try:
                rebuilt = rebuild_slot(each, trades, slot.at)
            except SpotDisagreesError as error:
                refused[symbol] = str(error)
                continue
            computed.append(SlotOfSymbol(symbol, len(each), rebuilt, stored[symbol].interest_at_ms))
        return computed, refused


def wanted_slots(session: date, every: Every) -> list[Slot]:
    """The slots to rebuild. Nothing has traded before the first one of a session, its open."""
    slots = slots_of(session)
    return slots[-1:] if every == "close" else slots[1:]


def _fetched(tickers: list[str], session: date) -> set[str]:
    """Of some contracts those whose bars of the session the ledger knows to be there."""
    with connection.cursor() as cursor:
        cursor.execute(_FETCHED, [BARS_TASK, tickers, close_ms(session), open_ms(session)])
        return {ticker for (ticker,) in cursor.fetchall()}
