"""Option flow of the last 60 minutes by symbol, and its percentile among the same hour of earlier sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quant import sessions
from quant.chain import Floats
from quant.sessions import MINUTE_MS, NEW_YORK
from warehouse import clock
from warehouse.asof.sums import window as flow_window
from warehouse.asof.sums.window import FlowWindow
from web.dashboard.market_state import MarketState

WINDOW_MS = 60 * MINUTE_MS
SESSIONS = 20
LEAST_SESSIONS = 5  # a percentile among fewer says nothing
_NOTHING = FlowWindow(0, 0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class FlowPart:
    """Trades of the window from `first_ms` to `last_ms` (epoch ms); premiums in dollars, shares as fractions.

    `side_known` is the share of the premium whose side is known. `percentile` is the share of earlier sessions with
    less premium in the same hour, of `sessions` of them; `reason` says why it is absent. `last_trade_ms` is None
    without a trade in the window.
    """

    first_ms: int
    last_ms: int
    trades: int
    premium: float
    bullish: float
    bearish: float
    bias: str
    sweeps: int
    bullish_sweeps: int
    bearish_sweeps: int
    side_known: float | None
    last_trade_ms: int | None
    percentile: float | None
    sessions: int
    reason: str


class Hour(NamedTuple):
    """Ends (epoch ms) of the whole 15-minute intervals of the last hour, today and in earlier sessions.

    `today` has k of them, `past` s rows of k; an interval after an early close is 0.
    """

    today: list[int]
    past: list[list[int]]


def read(symbols: Sequence[str], market: MarketState) -> dict[str, FlowPart]:
    """Return the flow of each symbol in the last 60 minutes of the session."""
    last_ms = min(market.now_ms, market.closes_ms)
    first_ms = max(last_ms - WINDOW_MS, market.opens_ms)
    found = flow_window.read(symbols, first_ms, last_ms)
    hour = hour_of(market.session, last_ms)
    ends = [*hour.today, *(end for row in hour.past for end in row if end)]
    premiums = flow_window.interval_premiums(symbols, ends) if hour.today else {}
    return {
        symbol: _part(found.get(symbol, _NOTHING), first_ms, last_ms, _percentile(premiums.get(symbol), hour))
        for symbol in symbols
    }


def hour_of(session: str, last_ms: int) -> Hour:
    """Return the intervals of the hour before `last_ms` in a session and in the 20 sessions before it.

    The hour consists of the last four whole intervals, fewer after the open; it is empty in the first 15 minutes. In
    earlier sessions the intervals end at the same times of day, New York.
    """
    day = dt.date.fromisoformat(session)
    whole = [end for end in sessions.slots(day)[1:] if clock.epoch_ms(end) <= last_ms][-4:]
    times = [end.astimezone(NEW_YORK).time() for end in whole]
    past = sessions.sessions(day - dt.timedelta(days=2 * SESSIONS), day - dt.timedelta(days=1))[-SESSIONS:]
    return Hour(
        [clock.epoch_ms(end) for end in whole],
        [[_end_ms(one, time) for time in times] for one in past],
    )


def _end_ms(day: dt.date, time: dt.time) -> int:
    end = dt.datetime.combine(day, time, tzinfo=NEW_YORK)
    return clock.epoch_ms(end) if end <= sessions.close_of(day) else 0


def _percentile(premium: Floats | None, hour: Hour) -> tuple[float | None, int, str]:
    """Return the percentile, the number of sessions compared, and the reason where it is absent.

    Earlier sessions count if all their intervals have a row or at least one does: 15 minutes without a trade have none.
    """
    if not hour.today:
        return None, 0, "the first 15 minutes have not ended"
    if premium is None or np.isnan(premium[: len(hour.today)]).all():
        return None, 0, "no interval of this hour is summed yet"
    today = float(np.nansum(premium[: len(hour.today)]))
    earlier, start = [], len(hour.today)
    for row in hour.past:
        part = premium[start : start + sum(end > 0 for end in row)]
        start += len(part)
        if len(part) == len(row) and not np.isnan(part).all():
            earlier.append(float(np.nansum(part)))
    if len(earlier) < LEAST_SESSIONS:
        return None, len(earlier), f"{len(earlier)} of {LEAST_SESSIONS} sessions stored"
    return sum(one < today for one in earlier) / len(earlier), len(earlier), ""


def _part(found: FlowWindow, first_ms: int, last_ms: int, ranked: tuple[float | None, int, str]) -> FlowPart:
    bullish, bearish = found.bullish_premium, found.bearish_premium
    percentile, compared, reason = ranked
    return FlowPart(
        first_ms=first_ms,
        last_ms=last_ms,
        trades=found.trades,
        premium=found.premium,
        bullish=bullish,
        bearish=bearish,
        bias=_bias(bullish, bearish),
        sweeps=found.sweeps,
        bullish_sweeps=found.bullish_sweeps,
        bearish_sweeps=found.bearish_sweeps,
        side_known=found.sided_premium / found.premium if found.premium else None,
        last_trade_ms=found.last_ms or None,
        percentile=percentile,
        sessions=compared,
        reason=reason,
    )


def _bias(bullish: float, bearish: float) -> str:
    """Return the side with at least 1.5 times the premium of the other, else NEUTRAL; the rule of get_flow_summary."""
    if bullish > 0 and bullish >= 1.5 * bearish:
        return "BULLISH"
    return "BEARISH" if bearish > 0 and bearish >= 1.5 * bullish else "NEUTRAL"
