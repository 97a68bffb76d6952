"""The simulated indices, ETFs and stocks, with the constants of their prices and options.

Levels are long-run levels; loadings are in standard deviations of the daily market factor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from simulator.market.keyed_random import generator


@dataclass(frozen=True)
class Skew:
    """SSVI constants: correlation `rho`, and `eta` with eta (1 + |rho|) <= 2, which excludes arbitrage."""

    rho: float
    eta: float


@dataclass(frozen=True)
class Ladder:
    """Strikes every `step` from (1 - below) to (1 + above) times the spot of the listing date."""

    step: float
    below: float
    above: float


@dataclass(frozen=True)
class OptionRules:
    """Rules for listing and quoting options on one underlying.

    Contracts of `weekly_root` settle at the close; those of `monthly_root`, where it differs, at the open of the third
    Friday. `daily_sessions`, `weekly_fridays`, `months` and `leaps_years` limit how far ahead each series is listed. An
    expiration starts with the strikes of `far` (`leaps` beyond 13 months) and gains those of `near` 26 days before it
    expires. `ticks` are the increments below a price of 3 and from there on. `open_interest` is the mean per
    near-the-money contract of a monthly expiration, with peaks at multiples of `round_strike`.
    """

    weekly_root: str
    monthly_root: str
    style: str
    daily_sessions: int
    weekly_fridays: int
    months: int
    leaps_years: int
    month_ends: bool
    near: tuple[Ladder, ...]
    far: tuple[Ladder, ...]
    leaps: tuple[Ladder, ...]
    ticks: tuple[float, float]
    open_interest: float
    round_strike: float


@dataclass(frozen=True)
class Instrument:
    """One index, ETF or stock.

    `tracks` is the index whose path this instrument follows, scaled by the ratio of the `level`s. `volatility` scales
    the option surface of the S&P 500. `dividend_yield` is continuous, per year.
    """

    symbol: str
    name: str
    kind: str
    level: float
    loadings: dict[str, float] = field(default_factory=dict)
    own: float = 0.0
    tracks: str | None = None
    volatility: float = 1.0
    dividend_yield: float = 0.0
    skew: Skew = Skew(-0.70, 1.10)
    options: OptionRules | None = None
    shares: float = 0.0

    @property
    def ticker(self) -> str:
        """The provider's ticker: indices have a prefix."""
        return f"I:{self.symbol}" if self.kind == "index" else self.symbol


def _index_options(
    weekly: str, monthly: str, ladders: tuple[tuple[Ladder, ...], ...], interest: float, round_strike: float
) -> OptionRules:
    near, far, leaps = ladders
    return OptionRules(
        weekly,
        monthly,
        "european",
        15,
        9,
        12,
        5,
        True,
        near,
        far,
        leaps,
        (0.05, 0.10),
        interest,
        round_strike,
    )


def _fund_options(
    root: str, near: tuple[Ladder, ...], far: tuple[Ladder, ...], interest: float, round_strike: float
) -> OptionRules:
    return OptionRules(
        root, root, "american", 10, 8, 12, 2, True, near, far, far, (0.01, 0.01), interest, round_strike
    )


def _stock_options(root: str, step: float, interest: float) -> OptionRules:
    near = (Ladder(step, 0.16, 0.16), Ladder(2 * step, 0.34, 0.34))
    far = (Ladder(2 * step, 0.25, 0.30), Ladder(4 * step, 0.60, 0.80))
    return OptionRules(
        root, root, "american", 0, 8, 9, 2, False, near, far, far, (0.01, 0.05), interest, 10 * step
    )


_SPX = _index_options(
    "SPXW",
    "SPX",
    (
        (Ladder(5, 0.085, 0.055), Ladder(25, 0.25, 0.10), Ladder(100, 0.60, 0.20)),
        (Ladder(25, 0.18, 0.10), Ladder(100, 0.70, 0.40)),
        (Ladder(100, 0.30, 0.25), Ladder(200, 0.70, 0.60)),
    ),
    1900.0,
    50.0,
)
_NDX = _index_options(
    "NDXP",
    "NDX",
    (
        (Ladder(25, 0.07, 0.05), Ladder(100, 0.20, 0.10), Ladder(500, 0.50, 0.25)),
        (Ladder(100, 0.12, 0.07), Ladder(500, 0.60, 0.40)),
        (Ladder(500, 0.35, 0.30), Ladder(1000, 0.70, 0.60)),
    ),
    60.0,
    500.0,
)
_RUT = _index_options(
    "RUTW",
    "RUT",
    (
        (Ladder(5, 0.06, 0.04), Ladder(10, 0.15, 0.08), Ladder(50, 0.50, 0.25)),
        (Ladder(20, 0.15, 0.10), Ladder(50, 0.60, 0.45)),
        (Ladder(50, 0.50, 0.50),),
    ),
    220.0,
    50.0,
)
_SPY = _fund_options(
    "SPY",
    (Ladder(1, 0.09, 0.05), Ladder(5, 0.35, 0.15)),
    (Ladder(5, 0.25, 0.15), Ladder(10, 0.65, 0.50)),
    5200,
    10,
)
_QQQ = _fund_options(
    "QQQ",
    (Ladder(1, 0.10, 0.06), Ladder(5, 0.35, 0.20)),
    (Ladder(5, 0.25, 0.15), Ladder(10, 0.65, 0.50)),
    3200,
    10,
)
_IWM = _fund_options(
    "IWM",
    (Ladder(1, 0.12, 0.08), Ladder(5, 0.45, 0.30)),
    (Ladder(5, 0.60, 0.50),),
    2600,
    5,
)


def _stock(
    symbol: str, name: str, level: float, beta: float, own: float, step: float, shares: float
) -> Instrument:
    volatility = 0.9 * (beta**2 + own**2) ** 0.5
    loadings = {"market": beta, "tech": 0.4 * beta}
    rules = _stock_options(symbol, step, 1400)
    skew = Skew(-0.35, 1.20)
    return Instrument(
        symbol, name, "stock", level, loadings, own, None, volatility, 0.003, skew, rules, shares
    )


_OPTIONABLE = (
    Instrument("SPX", "S&P 500", "index", 6500.0, {"market": 1.0}, 0.0, None, 1.0, 0.0125, options=_SPX),
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
        options=_NDX,
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
        options=_RUT,
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
        0.0125,
        options=_SPY,
        shares=7.5e7,
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
        0.006,
        options=_QQQ,
        shares=5.2e7,
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
        0.012,
        options=_IWM,
        shares=3.4e7,
    ),
    _stock("AAPL", "Apple Inc.", 255.0, 1.1, 1.2, 2.5, 5.5e7),
    _stock("TSLA", "Tesla, Inc.", 390.0, 1.7, 2.8, 2.5, 9.0e7),
    _stock("NVDA", "NVIDIA Corporation", 180.0, 1.6, 2.0, 2.5, 1.8e8),
    _stock("META", "Meta Platforms, Inc.", 690.0, 1.2, 1.5, 5.0, 1.2e7),
    _stock("GOOGL", "Alphabet Inc. Class A", 240.0, 1.1, 1.3, 2.5, 3.0e7),
    _stock("AMZN", "Amazon.com, Inc.", 225.0, 1.2, 1.4, 2.5, 4.0e7),
    _stock("AMD", "Advanced Micro Devices, Inc.", 190.0, 1.6, 2.3, 2.5, 5.0e7),
)

# Computed from the S&P 500 option surface (see simulator.market.surface); without option chains. Horizon in days.
VOLATILITY_INDICES = {
    "VIX": ("Cboe Volatility Index", 30.0),
    "VIX3M": ("Cboe 3-Month Volatility Index", 93.0),
}

INSTRUMENTS = {instrument.symbol: instrument for instrument in _OPTIONABLE}
INDEX_NAMES = {i.symbol: i.name for i in _OPTIONABLE if i.kind == "index"} | {
    symbol: name for symbol, (name, _) in VOLATILITY_INDICES.items()
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
    return INSTRUMENTS.get(symbol) or breadth_stocks().get(symbol)
