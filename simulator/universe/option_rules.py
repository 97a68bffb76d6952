"""Rules for listing and quoting options: strikes, expirations and ticks of each underlying."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Skew:
    """SSVI constants: correlation `rho`, and `eta` with eta (1 + |rho|) <= 2, which excludes arbitrage."""

    rho: float
    eta: float


INDEX_SKEW, STOCK_SKEW = Skew(-0.70, 1.10), Skew(-0.35, 1.20)


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


def stock_options(root: str, step: float, interest: float, leaps_years: int = 2) -> OptionRules:
    """Return the rules of a stock with strikes every `step` near the money."""
    near = (Ladder(step, 0.16, 0.16), Ladder(2 * step, 0.34, 0.34))
    far = (Ladder(2 * step, 0.25, 0.30), Ladder(4 * step, 0.60, 0.80))
    return OptionRules(
        root,
        root,
        "american",
        0,
        8,
        9,
        leaps_years,
        False,
        near,
        far,
        far,
        (0.01, 0.05),
        interest,
        10 * step,
    )


SPX = _index_options(
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
NDX = _index_options(
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
RUT = _index_options(
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
SPY = _fund_options(
    "SPY",
    (Ladder(1, 0.09, 0.05), Ladder(5, 0.35, 0.15)),
    (Ladder(5, 0.25, 0.15), Ladder(10, 0.65, 0.50)),
    5200,
    10,
)
QQQ = _fund_options(
    "QQQ",
    (Ladder(1, 0.10, 0.06), Ladder(5, 0.35, 0.20)),
    (Ladder(5, 0.25, 0.15), Ladder(10, 0.65, 0.50)),
    3200,
    10,
)
IWM = _fund_options(
    "IWM",
    (Ladder(1, 0.12, 0.08), Ladder(5, 0.45, 0.30)),
    (Ladder(5, 0.60, 0.50),),
    2600,
    5,
)
