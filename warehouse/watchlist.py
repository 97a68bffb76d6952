"""Default watchlist, and default properties of a symbol."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from quant.contracts import option_root
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
    "MRUT": ("IWM", ("MRUT",)),
    "XND": ("QQQ", ("XND",)),
    "OEX": ("OEF", ("OEX", "XEO")),
    "VIX": (None, ("VIX", "VIXW")),
    "RUI": ("IWB", ("RUI",)),
    "RLG": ("IWF", ("RLG",)),
    "RLV": ("IWD", ("RLV",)),
    "MXEA": ("EFA", ("MXEA",)),
    "MXEF": ("EEM", ("MXEF",)),
    "SPESG": (None, ("SPESG",)),
    "SPEQX": ("RSP", ("SPEQX", "SPEQW")),
    "SIXB": ("XLB", ("SIXB",)),
    "SIXC": ("XLC", ("SIXC",)),
    "SIXE": ("XLE", ("SIXE",)),
    "SIXI": ("XLI", ("SIXI",)),
    "SIXM": ("XLF", ("SIXM",)),
    "SIXR": ("XLP", ("SIXR",)),
    "SIXRE": ("XLRE", ("SIXRE",)),
    "SIXT": ("XLK", ("SIXT",)),
    "SIXU": ("XLU", ("SIXU",)),
    "SIXV": ("XLV", ("SIXV",)),
    "SIXY": ("XLY", ("SIXY",)),
}
# Classes of shares whose root does not show the point of the symbol, for contracts of symbols that are not watched.
_SHARE_CLASSES = ("BF.B", "BRK.B", "HEI.A", "LEN.B", "MOG.A")
_FUNDS = frozenset({"SPY", "QQQ", "IWM", "DIA"})


def spelled(symbol: str) -> str:
    """Return an underlying as the watchlist spells it: BRK.B for brk/b and BRK-B, SPX for ^SPX."""
    return re.sub(r"[/-]", ".", symbol.strip().upper().lstrip("^$"))


def add_default_symbols(symbols: Iterable[str] | None = None) -> int:
    """Add `symbols`, or the default five, that are not watched yet, and return how many were added.

    Existing entries are unchanged. A symbol that is no known index or ETF is added as a stock, whose only root is
    the symbol without its point.
    """
    return sum(_add(symbol) for symbol in symbols or DEFAULT_SYMBOLS)


def entry_of(symbol: str) -> WatchlistEntry:
    """Return the entry of a symbol, or an unsaved one with default properties."""
    return WatchlistEntry.objects.filter(symbol=symbol).first() or WatchlistEntry(
        symbol=symbol, **_defaults(symbol)
    )


def symbol_of(root: str) -> str:
    """Return the underlying of an option root: SPX for SPXW, BRK.B for BRKB, AMD for the adjusted AMD1."""
    return symbols_of([root])[0]


def symbols_of(roots: Iterable[str]) -> list[str]:
    """Return the underlying of each option root, by the watchlist, else by the known indexes and classes of shares."""
    entries = WatchlistEntry.objects.all()
    known = {name: str(entry.symbol) for entry in entries for name in entry.roots}
    known = {name: symbol for symbol, (_, names) in _INDEXES.items() for name in names} | known
    known = {option_root(symbol): symbol for symbol in _SHARE_CLASSES} | known
    pairs = [(root, root.rstrip("0123456789")) for root in roots]
    return [known.get(root) or known.get(plain) or plain or root for root, plain in pairs]


def _add(symbol: str) -> bool:
    _, added = WatchlistEntry.objects.get_or_create(symbol=symbol, defaults=_defaults(symbol))
    return added


def _defaults(symbol: str) -> dict[str, Any]:
    reference, roots = _INDEXES.get(symbol, (None, (option_root(symbol),)))
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
