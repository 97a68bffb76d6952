"""Sessions rebuilt from the simulated market's past, without the plan and the processes of a whole backfill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ingestion.backfill.contracts.fetch import listed_contracts
from ingestion.backfill.rebuild.last_trades import price_at, read_bars
from ingestion.backfill.rebuild.option_bars import FRAME, ensure_option_bars
from ingestion.backfill.rebuild.sessions import Every, Rebuilt, rebuild_sessions, wanted_slots
from ingestion.backfill.selection import Depth, select
from ingestion.bars.historical_bars import historical_bars
from tests.ingestion.backfill.past import PastMarket
from warehouse import clock, queries

NEAR = Depth(contracts=30)


def fetch(
    symbol: str, market: PastMarket, days: list[date], depth: Depth = NEAR, every: Every = "close"
) -> None:
    """Has everything in the tables that rebuilding some sessions reads."""
    listed = listed_contracts(symbol, days[0], days[-1], depth.max_dte, clock.now_ms(), market.connect).listed
    ticker = queries.watchlist_entry(symbol).provider_symbol
    historical_bars(ticker, FRAME, days[0], days[-1], clock.now_ms(), market.connect)
    chosen = select(listed, _prices(symbol, days, every), days, depth)
    for row, first, last in zip(chosen.rows.tolist(), chosen.first, chosen.last, strict=True):
        ensure_option_bars(str(listed.ticker[row]), first, last, clock.now_ms(), market.connect)


def rebuild(symbol: str, session: date, depth: Depth, every: Every = "close") -> Rebuilt:
    (rebuilt,) = rebuild_sessions([symbol], session, depth, clock.now_ms(), every)
    return rebuilt


def _prices(symbol: str, days: Sequence[date], every: Every) -> dict[date, list[float]]:
    """The underlying's stored price at each slot to rebuild, by session, NaN where there is none."""
    prices = {}
    for session in days:
        underlying = read_bars([symbol], session)
        prices[session] = [price_at(underlying, slot.at_ms) for slot in wanted_slots(session, every)]
    return prices
