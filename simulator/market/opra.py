"""Trade conditions and exchanges of US options with the provider's ids.

A condition's id is 201 + the position of its OPRA letter in A…Z a…z, an exchange's 300 + the position of its
participant letter in A…Z. Names are from the OPRA specification. The flags state which bar values a trade updates.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import Any, NamedTuple

LETTERS = ascii_uppercase + ascii_lowercase


class Condition(NamedTuple):
    """A trade condition. `prices`: its trades update open, high, low and close; `volume`: they update the volume."""

    letter: str
    abbreviation: str
    name: str
    prices: bool = True
    volume: bool = True

    @property
    def number(self) -> int:
        """The provider's id."""
        return 201 + LETTERS.index(self.letter)


class Exchange(NamedTuple):
    """An options exchange, or the securities information processor when `kind` is SIP."""

    letter: str
    name: str
    mic: str
    kind: str = "exchange"

    @property
    def number(self) -> int:
        """The provider's id."""
        return 300 + ascii_uppercase.index(self.letter)


CONDITIONS = (
    Condition("A", "CANC", "Canceled", False, False),
    Condition("B", "OSEQ", "Late and Out Of Sequence"),
    Condition("C", "CNCL", "Last and Canceled", False, False),
    Condition("D", "LATE", "Late"),
    Condition("E", "CNCO", "Opening Trade and Canceled", False, False),
    Condition("F", "OPEN", "Opening Trade, Late, and Out Of Sequence"),
    Condition("G", "CNOL", "Only Trade and Canceled", False, False),
    Condition("H", "OPNL", "Opening Trade and Late"),
    Condition("I", "AUTO", "Automatic Execution"),
    Condition("J", "REOP", "Reopening Trade"),
    Condition("S", "ISOI", "Intermarket Sweep Order"),
    Condition("a", "SLAN", "Single Leg Auction Non ISO"),
    Condition("b", "SLAI", "Single Leg Auction ISO"),
    Condition("c", "SLCN", "Single Leg Cross Non ISO"),
    Condition("d", "SLCI", "Single Leg Cross ISO"),
    Condition("e", "SLFT", "Single Leg Floor Trade"),
    Condition("f", "MLET", "Multi Leg Auto-Electronic Trade"),
    Condition("g", "MLAT", "Multi Leg Auction"),
    Condition("h", "MLCT", "Multi Leg Cross"),
    Condition("i", "MLFT", "Multi Leg Floor Trade"),
    Condition("j", "MESL", "Multi Leg Auto-Electronic Trade Against Single Leg"),
    Condition("k", "TLAT", "Stock Options Auction"),
    Condition("l", "MASL", "Multi Leg Auction Against Single Leg"),
    Condition("m", "MFSL", "Multi Leg Floor Trade Against Single Leg"),
    Condition("n", "TLET", "Stock Options Auto-Electronic Trade"),
    Condition("o", "TLCT", "Stock Options Cross"),
    Condition("p", "TLFT", "Stock Options Floor Trade"),
    Condition("q", "TESL", "Stock Options Auto-Electronic Trade Against Single Leg"),
    Condition("r", "TASL", "Stock Options Auction Against Single Leg"),
    Condition("s", "TFSL", "Stock Options Floor Trade Against Single Leg"),
    Condition("t", "CBMO", "Multi Leg Floor Trade of Proprietary Products"),
    Condition("u", "MCTP", "Multilateral Compression Trade of Proprietary Products", prices=False),
    Condition("v", "EXHT", "Extended Hours Trade", prices=False),
)

EXCHANGES = (
    Exchange("A", "NYSE American Options", "AMXO"),
    Exchange("B", "BOX Options Exchange", "XBOX"),
    Exchange("C", "Cboe Options Exchange", "XCBO"),
    Exchange("D", "MIAX Emerald", "EMLD"),
    Exchange("E", "Cboe EDGX Options", "EDGO"),
    Exchange("H", "Nasdaq GEMX", "GMNI"),
    Exchange("I", "Nasdaq ISE", "XISX"),
    Exchange("J", "Nasdaq MRX", "MCRY"),
    Exchange("M", "MIAX Options", "XMIO"),
    Exchange("N", "NYSE Arca Options", "ARCO"),
    Exchange("O", "Options Price Reporting Authority", "", "SIP"),
    Exchange("P", "MIAX Pearl Options", "MPRL"),
    Exchange("Q", "Nasdaq Options Market", "XNDQ"),
    Exchange("S", "MIAX Sapphire", "SPHR"),
    Exchange("T", "Nasdaq BX Options", "XBXO"),
    Exchange("U", "MEMX Options", "MXOP"),
    Exchange("W", "Cboe C2 Options", "C2OX"),
    Exchange("X", "Nasdaq PHLX", "XPHL"),
    Exchange("Z", "Cboe BZX Options", "BATO"),
)

CBOE, ARCA = 302, 313
TRADING_VENUES = tuple(exchange.number for exchange in EXCHANGES if exchange.kind == "exchange")
_NASDAQ_INDEX_VENUES = (308, 307, 323)  # ISE, GEMX, PHLX


def venues(symbol: str, is_index: bool) -> tuple[int, ...]:
    """Return the exchanges that list the options on an underlying, the one whose quotes are shown first.

    Nasdaq lists the options on its own index on three of its exchanges. The other indices trade on Cboe only, and ETFs
    and stocks on every exchange. Really, some indices of other owners are listed elsewhere as well.
    """
    if symbol == "NDX":
        return _NASDAQ_INDEX_VENUES
    return (CBOE,) if is_index else (ARCA, *(number for number in TRADING_VENUES if number != ARCA))


def condition_rows() -> list[dict[str, Any]]:
    """Return the rows of the conditions endpoint."""
    return [
        {
            "id": condition.number,
            "type": "sale_condition",
            "name": condition.name,
            "abbreviation": condition.abbreviation,
            "asset_class": "options",
            "data_types": ["trade"],
            "sip_mapping": {"OPRA": condition.letter},
            "update_rules": {scope: _updates(condition) for scope in ("consolidated", "market_center")},
        }
        for condition in CONDITIONS
    ]


def _updates(condition: Condition) -> dict[str, bool]:
    return {
        "updates_high_low": condition.prices,
        "updates_open_close": condition.prices,
        "updates_volume": condition.volume,
    }


def exchange_rows() -> list[dict[str, Any]]:
    """Return the rows of the exchanges endpoint."""
    return [
        {
            "id": exchange.number,
            "type": exchange.kind,
            "asset_class": "options",
            "locale": "us",
            "name": exchange.name,
            "participant_id": exchange.letter,
        }
        | ({"mic": exchange.mic, "operating_mic": exchange.mic} if exchange.mic else {})
        for exchange in EXCHANGES
    ]
