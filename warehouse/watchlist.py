"""Default watchlist, and default properties of a symbol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from quant.contracts import option_root
from warehouse import clock
from warehouse.models import WatchlistEntry
from warehouse.models.enums import UnderlyingKind

LONGEST_SYMBOL = 16  # characters
_SYMBOL = re.compile(rf"[A-Z][A-Z0-9.]{{0,{LONGEST_SYMBOL - 1}}}")
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
# The symbols that own a root wherever it is seen: those of indexes and of classes of shares.
_OWNERS = {root: symbol for symbol, (_, roots) in _INDEXES.items() for root in roots} | {
    option_root(symbol): symbol for symbol in _SHARE_CLASSES
}


class Conflict(NamedTuple):
    """Why an entry would take contracts from another symbol: the column, and one sentence."""

    column: str
    sentence: str


def spelled(symbol: str) -> str:
    """Return an underlying as the watchlist spells it: BRK.B for brk/b and BRK-B, SPX for ^SPX."""
    return re.sub(r"[/-]", ".", symbol.strip().upper().lstrip("^$"))


def is_symbol(text: str) -> bool:
    """Return whether a text can be the bare symbol of an underlying, watched or not: AAPL or BRK.B."""
    return _SYMBOL.fullmatch(text) is not None


def add_default_symbols(symbols: Iterable[str] | None = None) -> int:
    """Add `symbols`, or the default five, that are not watched yet, and return how many were added.

    Existing entries are unchanged. A symbol that is no known index or ETF is added as a stock, whose only root is
    the symbol without its point. Raises ValueError, with one sentence, for one that would take contracts from another,
    and for a text that is no symbol.
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
    known = _OWNERS | known
    return [_owner(root, known) or _unadjusted(root) or root for root in roots]


def conflicts(symbol: str, provider_symbol: str, roots: Sequence[str]) -> list[Conflict]:
    """Return why an entry cannot be stored: a provider symbol or a root that belongs to another symbol.

    They belong to another entry of the watchlist, or to a known index or class of shares, watched or not.
    """
    found = []
    if _OWNERS.get(symbol, symbol) != symbol:
        found.append(Conflict("symbol", f"{symbol} is a root of {_OWNERS[symbol]}; watch {_OWNERS[symbol]}."))
    bare = provider_symbol.removeprefix("I:")
    if symbol in _INDEXES and provider_symbol != f"I:{symbol}":
        found.append(Conflict("provider_symbol", f"The provider symbol of the index {symbol} is I:{symbol}."))
    elif _OWNERS.get(bare, symbol) != symbol:
        found.append(Conflict("provider_symbol", f"{provider_symbol} belongs to {_OWNERS[bare]}."))
    others = WatchlistEntry.objects.exclude(symbol=symbol)
    if other := others.filter(provider_symbol=provider_symbol).first():
        found.append(
            Conflict("provider_symbol", f"{provider_symbol} is the provider symbol of {other.symbol}.")
        )
    owned = _OWNERS | {name: str(entry.symbol) for entry in others for name in entry.roots}
    for root in roots:
        owner = _owner(root, owned)
        if owner and owner != symbol:
            found.append(Conflict("roots", f"The root {root} belongs to {owner}."))
    return found


def _owner(root: str, known: dict[str, str]) -> str | None:
    return known.get(root) or known.get(_unadjusted(root))


def _unadjusted(root: str) -> str:
    """Return the root of standard contracts: AMD for the adjusted AMD1."""
    return root.rstrip("0123456789")


def _add(symbol: str) -> bool:
    if WatchlistEntry.objects.filter(symbol=symbol).exists():
        return False
    if not is_symbol(symbol):
        shown = symbol if len(symbol) <= 20 else f"{symbol[:19]}…"
        raise ValueError(
            f"{shown!r} is no bare symbol, such as SPX or BRK.B, of at most {LONGEST_SYMBOL} characters."
        )
    values = _defaults(symbol)
    found = conflicts(symbol, values["provider_symbol"], values["roots"])
    if found:
        raise ValueError(found[0].sentence)
    WatchlistEntry.objects.create(symbol=symbol, **values)
    return True


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
