"""Helpers that rebuild sessions of the simulated market without a plan and its processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ingestion.backfill.contracts.fetch import listed_contracts
from ingestion.backfill.prepare import ContractSelection
from ingestion.backfill.rebuild.last_trades import price_at, read_bars
from ingestion.backfill.rebuild.option_bars import FRAME, ensure_option_bars
from ingestion.backfill.rebuild.sessions import (
    RebuildResult,
    SnapshotFrequency,
    rebuild_session,
    slots_to_rebuild,
)
from ingestion.backfill.selection import Depth, select
from ingestion.bars.historical_bars import ensure_bars
from tests.ingestion.backfill.past import PastMarket
from warehouse import clock, queries

NEAR = Depth(contracts=30)


def fetch(
    symbol: str, market: PastMarket, days: list[date], depth: Depth = NEAR, every: SnapshotFrequency = "close"
) -> ContractSelection:
    """Fetch and store everything that a rebuild of these sessions reads; return the contracts."""
    known = listed_contracts(symbol, days[0], days[-1], depth.max_dte, clock.now_ms(), market.connect)
    listed = known.table
    ticker = queries.watchlist_entry(symbol).provider_symbol
    ensure_bars(ticker, FRAME, days[0], days[-1], clock.now_ms(), market.connect)
    selected = select(listed, _prices(symbol, days, every), days, depth)
    for row, first, last in zip(selected.rows.tolist(), selected.first, selected.last, strict=True):
        ensure_option_bars(str(listed.ticker[row]), first, last, clock.now_ms(), market.connect)
    return ContractSelection(known, selected)


def rebuild(symbol: str, session: date, depth: Depth, every: SnapshotFrequency = "close") -> RebuildResult:
    (rebuilt,) = rebuild_session([symbol], session, depth, clock.now_ms(), every)
    return rebuilt


def _prices(symbol: str, days: Sequence[date], every: SnapshotFrequency) -> dict[date, list[float]]:
    """Return the underlying's stored price at each slot to rebuild, by session; NaN without a bar."""
    prices = {}
    for session in days:
        underlying = read_bars([symbol], session)
        prices[session] = [price_at(underlying, slot.at_ms) for slot in slots_to_rebuild(session, every)]
    return prices
