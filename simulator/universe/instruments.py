"""The simulated indices, ETFs and stocks, with the constants of their prices, payouts and options.

Levels are long-run levels; loadings are in standard deviations of the daily market factor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from simulator.market.keyed_random import generator
from simulator.universe import option_rules
from simulator.universe.indices import INDICES
from simulator.universe.option_rules import INDEX_SKEW, STOCK_SKEW, OptionRules, Skew, stock_options
from simulator.universe.payouts import Payout


@dataclass(frozen=True)
class Instrument:
    """One index, ETF or stock.

    `tracks` is the index whose path this instrument follows, scaled by the ratio of the `level`s. `volatility` scales
    the option surface of the S&P 500. `borrow` is a continuous yield per year: the dividend yield of an index, the cost
    of borrowing of an ETF or stock, whose dividends are the cash dividends of `payout`.
    """

    symbol: str
    name: str
    kind: str
    level: float
    loadings: dict[str, float] = field(default_factory=dict)
    own: float = 0.0
    tracks: str | None = None
    volatility: float = 1.0
    borrow: float = 0.0
    skew: Skew = INDEX_SKEW
    options: OptionRules | None = None
    shares: float = 0.0
    payout: Payout | None = None

    @property
    def ticker(self) -> str:
        """The provider's ticker: indices have a prefix."""
        return f"I:{self.symbol}" if self.kind == "index" else self.symbol


def _stock(
    symbol: str,
    name: str,
    level: float,
    beta: float,
    own: float,
    step: float,
    shares: float,
    borrow: float,
    payout: Payout | None = None,
    leaps_years: int = 2,
) -> Instrument:
    return Instrument(
        symbol,
        name,
        "stock",
        level,
        {"market": beta, "tech": 0.4 * beta},
        own,
        volatility=0.9 * (beta**2 + own**2) ** 0.5,
        borrow=borrow,
        skew=STOCK_SKEW,
        options=stock_options(symbol, step, 1400, leaps_years),
        shares=shares,
        payout=payout,
    )


_AAPL = Payout(0.004, (2, 5, 8, 11), weekday=0, week=2, declared_days=21, paid_days=7)
_NVDA = Payout(0.0002, weekday=3, week=2, declared_days=35, paid_days=21)
_META = Payout(0.003, weekday=0, week=3, declared_days=30, paid_days=10)
_GOOGL = Payout(0.0035, weekday=0, week=2, declared_days=35, paid_days=7)

_OPTIONABLE = (
    Instrument(
        "SPX", "S&P 500", "index", 6500.0, {"market": 1.0}, 0.0, None, 1.0, 0.0125, options=option_rules.SPX
    ),
    Instrument(
        "NDX",
        "Nasdaq 100",
        "index",
        24000.0,
        {"market": 1.1, "tech": 0.55},
        0.0,
        None,
        1.28,
        0.007,
        options=option_rules.NDX,
    ),
    Instrument(
        "RUT",
        "Russell 2000",
        "index",
        2400.0,
        {"market": 1.0, "small": 0.75},
        0.0,
        None,
        1.3,
        0.012,
        options=option_rules.RUT,
    ),
    Instrument(
        "SPY",
        "SPDR S&P 500 ETF Trust",
        "etf",
        650.0,
        {},
        0.004,
        "SPX",
        1.0,
        options=option_rules.SPY,
        shares=7.5e7,
        payout=Payout(0.0125, decimals=3),
    ),
    Instrument(
        "QQQ",
        "Invesco QQQ Trust",
        "etf",
        24000.0 / 41,
        {},
        0.004,
        "NDX",
        1.28,
        options=option_rules.QQQ,
        shares=5.2e7,
        payout=Payout(0.006, decimals=3),
    ),
    Instrument(
        "IWM",
        "iShares Russell 2000 ETF",
        "etf",
        240.0,
        {},
        0.004,
        "RUT",
        1.3,
        0.001,
        options=option_rules.IWM,
        shares=3.4e7,
        payout=Payout(0.012, decimals=3),
    ),
    _stock("AAPL", "Apple Inc.", 255.0, 1.1, 1.2, 2.5, 5.5e7, 0.0, _AAPL),
    _stock("TSLA", "Tesla, Inc.", 390.0, 1.7, 2.8, 2.5, 9.0e7, 0.004),
    _stock("NVDA", "NVIDIA Corporation", 180.0, 1.6, 2.0, 2.5, 1.8e8, 0.001, _NVDA),
    _stock("META", "Meta Platforms, Inc.", 690.0, 1.2, 1.5, 5.0, 1.2e7, 0.0, _META),
    _stock("GOOGL", "Alphabet Inc. Class A", 240.0, 1.1, 1.3, 2.5, 3.0e7, 0.0, _GOOGL),
    _stock("AMZN", "Amazon.com, Inc.", 225.0, 1.2, 1.4, 2.5, 4.0e7, 0.001),
    _stock("AMD", "Advanced Micro Devices, Inc.", 190.0, 1.6, 2.3, 2.5, 5.0e7, 0.003, leaps_years=1),
)

# Computed from the S&P 500 option surface (see simulator.market.surface); without option chains. Horizon in days.
VOLATILITY_INDICES = {
    "VIX": ("Cboe Volatility Index", 30.0),
    "VIX3M": ("Cboe 3-Month Volatility Index", 93.0),
}

INSTRUMENTS = {instrument.symbol: instrument for instrument in _OPTIONABLE}
# The indices that are always served.
INDEX_NAMES = {i.symbol: i.name for i in _OPTIONABLE if i.kind == "index"} | {
    symbol: name for symbol, (name, _) in VOLATILITY_INDICES.items()
}
_OTHER_INDICES = {
    symbol: Instrument(symbol, one.name, "index", one.level, own=0.02, tracks=one.follows)
    for symbol, one in INDICES.items()
}

BREADTH_STOCKS = 300


@cache
def breadth_stocks() -> dict[str, Instrument]:
    """Return 300 fictitious stocks without options (ZAAA, ZAAB, …), from which market breadth is computed."""
    rng = generator("universe", "breadth")
    stocks = {}
    for number in range(BREADTH_STOCKS):
        symbol = "ZA" + chr(65 + number // 26) + chr(65 + number % 26)
        level, beta, own = (
            float(rng.uniform(8, 400)),
            float(rng.uniform(0.5, 1.6)),
            float(rng.uniform(1.0, 2.5)),
        )
        stocks[symbol] = Instrument(
            symbol, f"Breadth Stock {number + 1}", "stock", round(level, 2), {"market": beta}, own, shares=2e6
        )
    return stocks


def find(symbol: str) -> Instrument | None:
    """Return the instrument of a bare symbol, or None. Volatility indices are not instruments."""
    return INSTRUMENTS.get(symbol) or _OTHER_INDICES.get(symbol) or breadth_stocks().get(symbol)


def is_index(symbol: str) -> bool:
    """Return whether a bare symbol is an index, served or not."""
    return symbol in INDEX_NAMES or symbol in INDICES


def exercise_style(symbol: str) -> str:
    """Return the style of options on a symbol: American for ETFs and stocks, and for the S&P 100 (OEX)."""
    if symbol in INDICES:
        return INDICES[symbol].style
    return "european" if is_index(symbol) else "american"
