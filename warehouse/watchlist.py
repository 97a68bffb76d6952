"""Default watchlist, and default properties of a symbol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from warehouse import clock
from warehouse.models import WatchlistEntry
from warehouse.models.enums import UnderlyingKind

DEFAULT_SYMBOLS = ("SPX", "NDX", "SPY", "QQQ", "IWM")

# Indices: the ETF on the same index, and the roots of the chain (the AM-settled one first).
_INDEXES: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "SPX": ("SPY", ("SPX", "SPXW")),
    "NDX": ("QQQ", ("NDX", "NDXP")),
    "RUT": ("IWM", ("RUT", "RUTW")),
    "DJX": ("DIA", ("DJX",)),
    "XSP": ("SPY", ("XSP",)),
    "VIX": (None, ("VIX", "VIXW")),
}
_FUNDS = frozenset({"SPY", "QQQ", "IWM", "DIA"})


def add_default_symbols(symbols: Iterable[str] | None = None) -> int:
    """Add `symbols`, or the default five, that are not watched yet, and return how many were added.

    Existing entries are unchanged. A symbol that is no known index or ETF is added as a stock, whose only root is
    the symbol.
    """
    return sum(_add(symbol) for symbol in symbols or DEFAULT_SYMBOLS)


def entry_of(symbol: str) -> WatchlistEntry:
    """Return the entry of a symbol, or an unsaved one with default properties."""
    return WatchlistEntry.objects.filter(symbol=symbol).first() or WatchlistEntry(
        symbol=symbol, **_defaults(symbol)
    )


def symbol_of(root: str) -> str:
    """Return the underlying of an option root: SPX for SPXW, AMD for the adjusted AMD1."""
    entries = WatchlistEntry.objects.all()
    known = {name: entry.symbol for entry in entries for name in entry.roots}
    known = {name: symbol for symbol, (_, roots) in _INDEXES.items() for name in roots} | known
    plain = root.rstrip("0123456789")
    return str(known.get(root) or known.get(plain) or plain or root)


def _add(symbol: str) -> bool:
    _, added = WatchlistEntry.objects.get_or_create(symbol=symbol, defaults=_defaults(symbol))
    return added


def _defaults(symbol: str) -> dict[str, Any]:
    reference, roots = _INDEXES.get(symbol, (None, (symbol,)))
    if symbol in _INDEXES:
        kind = UnderlyingKind.INDEX
    else:
        kind = UnderlyingKind.ETF if symbol in _FUNDS else UnderlyingKind.STOCK
    return {
        "provider_symbol": f"I:{symbol}" if kind == UnderlyingKind.INDEX else symbol,
        "reference_symbol": reference,
        "roots": list(roots),
        "kind": kind,
        "active_since_ms": clock.DATABASE_NOW_MS,
    }
