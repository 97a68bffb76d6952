"""Rise of volatility before an event, told apart from the rise that the calendar explains.

With a constant base and a constant event, the volatility of an expiration after the event rises as the event comes
nearer (`event_variance.expected_volatility`). Without the event it stays the same. So a rise of the raw volatility
alone comes from an announced event, and a rise of both is news.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from quant.volatility.term_structure import IvRamp, iv_ramp

ANNOUNCED, DARK_HORSE = "announced", "dark_horse"
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class EventRamp:
    """Ramps of the volatility with and without the announced events, and the raw one's excess over the expected rise.

    `raw.catalyst` is `announced` if only the raw volatility is up, `dark_horse` if both are, and None if nothing is or
    the other one is unknown. `excess_pct` is None without an expected volatility.
    """

    raw: IvRamp
    ex_event: IvRamp
    excess_pct: float | None


def ramp_message(symbol: str, expansion_pct: float) -> str:
    """Return the message of a detected ramp; `expansion_pct` is that of the raw volatility."""
    return f"{symbol} IV expanded {expansion_pct:.0f}% → Potential catalyst ahead"


def event_ramp(
    dates: ArrayLike,
    raw: ArrayLike,
    ex_event: ArrayLike,
    today: np.datetime64,
    current_raw: float,
    current_ex_event: float,
    expected: float = np.nan,
) -> EventRamp:
    """Compare both volatilities with their means of the 30 calendar days before `today`, as `iv_ramp` does.

    `dates` and the two series of fractions, NaN for gaps, have the shape (n,). `expected` is the volatility that a
    constant base and event give today. Where no event is announced, both series are the same.
    """
    with_event = iv_ramp(dates, raw, today, current_raw)
    without = iv_ramp(dates, ex_event, today, current_ex_event)
    catalyst = None
    if with_event.detected and without.expansion_pct is not None:
        catalyst = DARK_HORSE if without.detected else ANNOUNCED
    excess = round((current_raw / expected - 1.0) * 100.0, _DIGITS) if expected > 0 else np.nan
    return EventRamp(replace(with_event, catalyst=catalyst), without, excess if np.isfinite(excess) else None)
