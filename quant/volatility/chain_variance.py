"""Variance index of a chain at 30 days, with what its strips used and miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats, OptionChain
from quant.contracts import is_adjusted
from quant.pricing.implied_forward import implied_forward
from quant.thresholds import VARIANCE_TRUNCATED_ABOVE
from quant.volatility.variance_index import (
    MINUTES_OF_30_DAYS,
    MINUTES_PER_YEAR,
    Cut,
    VarianceStrip,
    thirty_day_index,
    variance_strip,
)

Status = Literal["ok", "truncated", "no_bracket", "no_quotes"]


@dataclass(frozen=True, slots=True)
class VarianceIndex:
    """The index as a fraction per year, and diagnostics of the two strips; NaN and None where it is unknown.

    `status`: `ok`; `truncated`, the strips miss more than 2 % of the index, or an unknown part; `no_bracket`, no strip
    before or after 30 days; `no_quotes`, no strip at all. `quotes` is the number used in both strips. `lowest_strike`
    and `highest_strike` bound the strikes that both reach, and the cuts are those of the strips that end there.
    `truncation` is what the missing tails would add to `level` at the volatility of the last strikes, which is a lower
    bound under a usual smile.
    """

    level: float
    status: Status
    quotes: int = 0
    lowest_strike: float = np.nan
    highest_strike: float = np.nan
    low_cut: Cut | None = None
    high_cut: Cut | None = None
    truncation: float = np.nan


class TermStrip(NamedTuple):
    """Strip of one settlement with its time in minutes and its rate per year."""

    minutes: float
    rate: float
    strip: VarianceStrip


def chain_variance_index(chain: OptionChain) -> VarianceIndex:
    """Return the index from the strips around 30 days.

    The method is Cboe's (`quant.volatility.variance_index`), but the settlements need not be Fridays, nor 23 to 37 days
    away.
    """
    near, following = strips_around_30_days(chain)
    if near is None or following is None:
        return VarianceIndex(np.nan, "no_quotes" if near is following else "no_bracket")
    return _index((near.strip, following.strip), (near.minutes, following.minutes))


def strips_around_30_days(chain: OptionChain) -> tuple[TermStrip | None, TermStrip | None]:
    """Return the strips of the settlements nearest to 30 days that have one: up to 30 days, and later.

    Rates are those of the chain. Without any, they follow from its own put-call parity, and are 0 where its quotes do
    not determine one. Adjusted contracts are excluded.
    """
    chain = chain.select((chain.years > 0) & ~is_adjusted(chain.root, chain.multiplier))
    member, first = chain.groups()
    rate = chain.rate if np.isfinite(chain.rate).any() else implied_forward(chain).rate
    minutes = chain.years[first] * MINUTES_PER_YEAR
    is_near = minutes <= MINUTES_OF_30_DAYS + 0.5
    found = []
    for side in (is_near, ~is_near):
        groups = np.flatnonzero(side)
        outward = groups[np.argsort(np.abs(minutes[groups] - MINUTES_OF_30_DAYS), kind="stable")]
        found.append(_nearest_strip(chain, member, rate, outward))
    return found[0], found[1]


def _nearest_strip(
    chain: OptionChain, member: NDArray[np.intp], rate: Floats, groups: NDArray[np.intp]
) -> TermStrip | None:
    """Return the first of `groups` that has a strip, with it."""
    for group in groups.tolist():
        rows = np.flatnonzero(member == group)
        term = _strip_of(chain.select(rows), rate[rows])
        if term.strip.variance > 0:
            return term
    return None


def _strip_of(settlement: OptionChain, rate: Floats) -> TermStrip:
    strikes, place = np.unique(settlement.strike, return_inverse=True)

    def of(quote: Floats, is_side: Bools) -> Floats:
        by_strike = np.full(len(strikes), np.nan)
        by_strike[place[is_side]] = quote[is_side]
        return by_strike

    call, put = settlement.is_call, ~settlement.is_call
    known = rate[np.isfinite(rate)]
    years, its_rate = float(settlement.years[0]), float(known[0]) if len(known) else 0.0
    strip = variance_strip(
        strikes,
        of(settlement.bid, call),
        of(settlement.ask, call),
        of(settlement.bid, put),
        of(settlement.ask, put),
        years,
        its_rate,
    )
    return TermStrip(years * MINUTES_PER_YEAR, its_rate, strip)


def _index(strips: tuple[VarianceStrip, VarianceStrip], minutes: tuple[float, float]) -> VarianceIndex:
    def level(variances: list[float]) -> float:
        return float(thirty_day_index(variances[0], minutes[0], variances[1], minutes[1])) / 100.0

    plain = level([strip.variance for strip in strips])
    tails = level([strip.variance + strip.low_tail + strip.high_tail for strip in strips])
    truncation = tails - plain
    low = max(strips, key=lambda strip: float(strip.strike[0]))
    high = min(strips, key=lambda strip: float(strip.strike[-1]))
    return VarianceIndex(
        level=plain,
        status="ok" if truncation <= VARIANCE_TRUNCATED_ABOVE * plain else "truncated",
        quotes=sum(len(strip.strike) for strip in strips),
        lowest_strike=float(low.strike[0]),
        highest_strike=float(high.strike[-1]),
        low_cut=low.low_cut,
        high_cut=high.high_cut,
        truncation=truncation,
    )
