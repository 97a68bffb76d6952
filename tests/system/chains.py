"""Chains of stocks on the watchlist."""

from __future__ import annotations

from collections.abc import Iterable

from tests.ingestion.market import CALL, PUT, page, row
from tests.provider.server import ScriptedProvider, ok
from warehouse.watchlist import add_default_symbols


def watch(symbols: Iterable[str], provider: ScriptedProvider) -> None:
    """Add symbols to the watchlist, and script a chain of two contracts at SLOT for each."""
    add_default_symbols(symbols)
    for symbol in symbols:
        tickers = [ticker.replace("SPXW", symbol) for ticker in (CALL, PUT)]
        provider.tell(f"/v3/snapshot/options/{symbol}", ok(page(*(row(ticker) for ticker in tickers))))
