"""Indices with listed options, which a recorded quote table can contain.

Those in `simulator.universe.instruments` have simulated chains. The others have a level only, which follows a simulated
index, and a chain when a recorded one is loaded.
"""

from __future__ import annotations

from typing import NamedTuple


class Index(NamedTuple):
    """One index: its name, a long-run level, the simulated index that it follows, and the style of its options."""

    name: str
    level: float
    follows: str
    style: str = "european"


INDICES = {
    "XSP": Index("Mini-SPX", 650.0, "SPX"),
    "NANOS": Index("Nanos S&P 500", 65.0, "SPX"),
    "OEX": Index("S&P 100", 3250.0, "SPX", "american"),
    "XEO": Index("S&P 100 (European options)", 3250.0, "SPX"),
    "SPEQX": Index("S&P 500 Equal Weight", 750.0, "SPX"),
    "DJX": Index("1/100 Dow Jones Industrial Average", 460.0, "SPX"),
    "RUI": Index("Russell 1000", 3550.0, "SPX"),
    "RLG": Index("Russell 1000 Growth", 4700.0, "NDX"),
    "RLV": Index("Russell 1000 Value", 2000.0, "SPX"),
    "MRUT": Index("Mini-Russell 2000", 240.0, "RUT"),
    "NQX": Index("Reduced-Value Nasdaq 100", 4800.0, "NDX"),
    "XND": Index("Micro Nasdaq 100", 240.0, "NDX"),
    "MXEA": Index("MSCI EAFE", 2750.0, "SPX"),
    "MXEF": Index("MSCI Emerging Markets", 1350.0, "SPX"),
    "MXACW": Index("MSCI ACWI", 980.0, "SPX"),
    "MXWLD": Index("MSCI World", 4300.0, "SPX"),
    "MXUSA": Index("MSCI USA", 6300.0, "SPX"),
}
