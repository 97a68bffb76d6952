"""Rise of volatility of a symbol before its events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.sessions import DAY_MS
from quant.thresholds import RAMP_MINIMUM_POINTS
from quant.volatility.event_ramp import DARK_HORSE, event_ramp, ramp_message
from warehouse.asof import iv
from web import formats

_READ_MS = 40 * DAY_MS  # 30 calendar days before the last session, which may be some days old


class Ramp(NamedTuple):
    """State of a ramp: a word of pages, whether it is one, and one sentence with its numbers."""

    word: str
    is_detected: bool
    text: str
    message: str = ""  # of the documents
    recommendation: str = ""


def read_ramp(symbol: str, at_ms: int) -> Ramp:
    """Compare the last stored session with the 30 calendar days before it. Called inside `asof.at`.

    The volatilities are those of 30 days, with and without the known events. The expected rise is that which a base as
    in those days and today's event variance explain.
    """
    days = iv.term(symbol, at_ms - _READ_MS, at_ms)
    if not len(days):
        return Ramp("NO DATA", False, "no term structure is stored")
    before = days.ex_event[:-1][np.isfinite(days.ex_event[:-1])]
    base = float(before.mean()) if len(before) else np.nan
    raw, without = float(days.at_the_money[-1]), float(days.ex_event[-1])
    # NaN without an event: the whole rise is news then.
    expected = np.sqrt(base**2 + raw**2 - without**2) if raw > without else np.nan
    found = event_ramp(
        days.date[:-1], days.at_the_money[:-1], days.ex_event[:-1], days.date[-1], raw, without, float(expected)
    )  # fmt: skip
    if found.raw.expansion_pct is None:
        text = f"needs {RAMP_MINIMUM_POINTS} sessions of the 30 days before; {found.raw.points} are stored"
        return Ramp("TOO FEW", False, text if np.isfinite(raw) else "no volatility at 30 days")
    text = f"{_pct(found.raw.expansion_pct)} against its 30-day mean {formats.percent(found.raw.baseline, 1)}"
    if found.ex_event.expansion_pct is not None:
        text += f", {_pct(found.ex_event.expansion_pct)} without events"
    if found.excess_pct is not None:
        text += f", {_pct(found.excess_pct)} against the expected rise"
    if not found.raw.detected:
        return Ramp("NO RAMP", False, text)
    word = (found.raw.catalyst or "ramp").replace("_", " ").upper()
    if found.raw.catalyst is None:
        text += "; the volatility without events is unknown"
    message = ramp_message(symbol, found.raw.expansion_pct)
    return Ramp(word, True, text, message, formats.words(found.raw.recommendation))


def is_news(ramp: Ramp) -> bool:
    """Return whether a ramp is more than an announced event explains."""
    return ramp.word == formats.words(DARK_HORSE).upper()


def _pct(value: float) -> str:
    return f"{formats.number(value, 0, sign=True)} %"
