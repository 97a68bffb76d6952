"""Expected rows of the table of trades, computed from the simulator's truth without the code under test.

The rules are those of the documentation, deliberately implemented a second time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
SMALLEST = 10  # contracts; the minimum of a single trade
LARGE, BLOCK, LEAST_BLOCK = 2, 5, 500  # times the average size; contracts

EXCHANGES = {
    300: "AMEX", 301: "BOX", 302: "CBOE", 303: "EMERALD", 304: "EDGX", 307: "GEMX", 308: "ISE", 309: "MRX",
    312: "MIAX", 313: "ARCA", 314: "OPRA", 315: "PEARL", 316: "NOM", 318: "SAPPHIRE", 319: "NASDAQBX",
    320: "MEMX", 322: "C2", 323: "PHLX", 325: "BZX",
}  # fmt: skip
CONDITIONS = {
    201: "CANC", 202: "OSEQ", 203: "CNCL", 204: "LATE", 205: "CNCO", 207: "CNOL", 209: "AUTO", 219: "ISOI",
    227: "SLAN", 228: "SLAI", 229: "SLCN", 230: "SLCI", 231: "SLFT", 232: "MLET", 233: "MLAT", 234: "MLCT",
    235: "MLFT", 236: "MESL", 237: "TLAT", 238: "MASL", 239: "MFSL", 240: "TLET", 241: "TLCT", 242: "TLFT",
    243: "TESL", 244: "TASL", 245: "TFSL", 247: "MCTP", 248: "EXHT",
}  # fmt: skip
SYMBOL_OF_ROOT = {"SPXW": "SPX", "NDXP": "NDX"}
REASONS = {
    "no_quote": "no quote",
    "crossed": "crossed",
    "stale_quote": "stale quote",
    "multi_leg": "multi leg",
    "not_market": "not market",
    "late": "late",
    "cancel": "cancel",
}
SELDOM_MS = 10_000  # the age of a quote from which the contract is one that is quoted once a minute

Trade = Mapping[str, Any]  # one row of the truth


def symbol_of(ticker: str) -> str:
    root = ticker[2:-15]
    return SYMBOL_OF_ROOT.get(root, root)


def orders(trades: list[Trade]) -> dict[int, list[Trade]]:
    """Return the trades of each order, the first one first; `order` is the simulator's order number."""
    found: dict[int, list[Trade]] = {}
    for one in sorted(trades, key=lambda one: (one["ms"], one["q"])):
        found.setdefault(one["order"], []).append(one)
    return found


def is_kept(one: Trade) -> bool:
    """Return whether a trade is stored. The parts of an order are closer together than random trades."""
    return one["size"] >= SMALLEST or one["kind"] in ("cancel", "sweep", "split")


def is_seldom_quoted(one: Trade) -> bool:
    return one["quote_ms"] > 0 and one["ms"] - one["quote_ms"] > SELDOM_MS


def row(
    one: Trade, order: list[Trade], quoted: bool, average_size: float, large_size: float | None
) -> dict[str, Any]:
    """Return the columns that follow from the truth. `quoted`: whether the contract's quotes were received."""
    ticker, size, price = one["ticker"], one["size"], Decimal(str(one["price"]))
    side = one["side"] if quoted and one["side"] != "unknowable" else None
    is_sweep = one["kind"] in ("iso_sweep", "sweep")
    is_split = one["kind"] in ("package", "stock_tied", "split")
    is_large = size >= LARGE * average_size and (large_size is None or size > large_size)
    is_block = size >= LEAST_BLOCK or size >= BLOCK * average_size
    first = order[0]["q"] if one["kind"] == "sweep" else one["q"]
    traded = dt.datetime.fromtimestamp(one["ms"] / 1000, NEW_YORK).date()
    expiration = dt.date.fromisoformat(f"20{ticker[-15:-9]}")
    columns: dict[str, Any] = {
        "symbol": symbol_of(ticker),
        "timestamp": one["ms"],
        "contract_ticker": ticker,
        "price": price,
        "size": size,
        "premium": price * size * 100,
        "exchange": EXCHANGES[one["exchange"]],
        "conditions": [CONDITIONS[one["condition"]]] if one["condition"] else None,
        "strike": Decimal(ticker[-8:]) / 1000,
        "expiration": expiration,
        "dte": (expiration - traded).days,
        "option_type": "call" if ticker[-9] == "C" else "put",
        "side": side,
        "is_sweep": is_sweep,
        "sweep_id": first if is_sweep else None,
        "is_block": is_block,
        "trade_type": "SWEEP" if is_sweep else "BLOCK" if is_block else "SPLIT" if is_split
        else "LARGE" if is_large else "REGULAR",
        "is_cancel": one["kind"] == "cancel",
    }  # fmt: skip
    return columns | _against_the_quote(one, columns, quoted and one["quote_ms"] > 0)


def _against_the_quote(one: Trade, columns: dict[str, Any], quoted: bool) -> dict[str, Any]:
    if one["kind"] == "cancel":  # the truth holds the quote of the cancelled trade
        return {"sentiment": "NEUTRAL"}
    price, side = columns["price"], columns["side"]
    bid, ask = Decimal(str(one["bid"])), Decimal(str(one["ask"]))
    sound = quoted and one["reason"] == ""
    taken = sound and ((side == "buy" and price >= ask) or (side == "sell" and price <= bid))
    bullish = (side == "buy") == (columns["option_type"] == "call")
    answer: dict[str, Any] = {
        "bid": bid if quoted else None,
        "ask": ask if quoted else None,
        "quote_age_ms": one["ms"] - one["quote_ms"] if quoted else None,
        "sentiment": ("BULLISH" if bullish else "BEARISH") if taken else "NEUTRAL",
    }
    if sound or not quoted:
        margin = (ask - bid) / 10
        beyond = sound and (price > ask + margin or price < bid - margin)
        at_quote = sound and (price <= bid or price >= ask)
        answer["aggressiveness"] = "AGGRESSIVE" if beyond else "PASSIVE" if at_quote else "NORMAL"
        answer["is_above_ask"], answer["is_below_bid"] = sound and price > ask, sound and price < bid
    return answer
