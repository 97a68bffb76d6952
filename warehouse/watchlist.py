"""The symbols a new warehouse watches, and how any symbol is entered when only its name is known."""

from __future__ import annotations

from collections.abc import Iterable

from warehouse import clock
from warehouse.models import WatchlistEntry
from warehouse.models.enums import UnderlyingKind

DEFAULT_SYMBOLS = ("SPX", "NDX", "SPY", "QQQ", "IWM")
# Index roots by listing exchange convention: the second root of each is the one settled in the afternoon.
INDEX_ROOTS = {
    "SPX": ["SPX", "SPXW"],
    "NDX": ["NDX", "NDXP"],
    "RUT": ["RUT", "RUTW"],
    "VIX": ["VIX", "VIXW"],
    "DJX": ["DJX"],
    "XSP": ["XSP"],
}
FUNDS = ("SPY", "QQQ", "IWM", "DIA", "GLD", "TLT", "HYG", "EEM")


def add_symbols(symbols: Iterable[str] = DEFAULT_SYMBOLS) -> int:
    """Adds the symbols that are not there, watched from now on; returns how many. Edited entries stay as they are."""
    return sum(_add(symbol) for symbol in symbols)


def _add(symbol: str) -> bool:
    index = symbol in INDEX_ROOTS
    kind = UnderlyingKind.INDEX if index else UnderlyingKind.ETF if symbol in FUNDS else UnderlyingKind.STOCK
    _, created = WatchlistEntry.objects.get_or_create(
        symbol=symbol,
        defaults={
            "provider_symbol": f"I:{symbol}" if index else symbol,
            "roots": INDEX_ROOTS.get(symbol, [symbol]),
            "kind": kind,
            "active_since_ms": clock.now_ms(),
        },
    )
    return created
