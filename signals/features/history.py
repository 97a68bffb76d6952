"""The bars that an evaluated session may use: from its anchor on, as known at the time, on its share basis.

Bars of earlier sessions count if they were known before the session's open, bars of the session itself if they were
known at their own evaluation instant. So the history of a session is the same whenever it is read after that, and a
later bar of the session changes no earlier row. Times are epoch ms, prices dollars or index points.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from quant import sessions
from quant.chain import Bools, Floats
from quant.market.session_bars import SessionBars
from quant.sessions import MINUTE_MS
from signals.anchors import REGULAR
from signals.market_view import Instrument, KnownBars, SymbolView
from warehouse.asof.adjusted_bars import shares_per_share
from warehouse.asof.rows import Days, Times
from warehouse.market_days import MarketDays
from warehouse.models.enums import Timeframe

EVALUATED_AFTER_MS = 40_000  # the end of an intraday bar
DAY_EVALUATED_AFTER_MS = 20 * MINUTE_MS  # the close
QUARTER_MS = 15 * MINUTE_MS
LENGTHS_MS = {Timeframe.FIVE_MINUTES: 5 * MINUTE_MS, Timeframe.QUARTER_HOUR: QUARTER_MS}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The sessions of a history: their days, opens and closes, each of shape (k,), and the session that follows."""

    days: Days
    open_ms: Times
    close_ms: Times
    following: dt.date
    following_close_ms: int


@dataclass(frozen=True, slots=True)
class History:
    """Bars of the sessions up to an evaluated one, oldest first; arrays of shape (n,).

    `at_ms` is the evaluation instant of each bar. The number of the evaluated session is the last one.
    """

    calendar: Calendar
    bars: SessionBars
    start_ms: Times
    end_ms: Times
    at_ms: Times

    @property
    def first_row(self) -> int:
        """Position of the first bar of the evaluated session; the number of bars when it has none."""
        return int(np.searchsorted(self.bars.session, len(self.calendar.days) - 1))


@lru_cache(maxsize=512)
def calendar(day: dt.date, count: int, market: MarketDays = REGULAR) -> Calendar:
    """Return the `count` sessions before a session, and the session itself."""
    days, opens, closes = market.sessions_with_hours(market.before(day, count), day)
    following = market.following(day)
    return Calendar(days, opens, closes, following, market.hours_ms(following)[1])


def intraday(
    view: SymbolView,
    day: dt.date,
    count: int,
    delay_ms: int,
    timeframe: Timeframe = Timeframe.QUARTER_HOUR,
    market: MarketDays = REGULAR,
) -> History:
    """Return the bars of a session and of the `count` sessions before it."""
    known, length = calendar(day, count, market), LENGTHS_MS[timeframe]
    found = view.prices.bars[timeframe]
    session, slot, regular = _places(found.start_ms, known, length)
    end_ms = np.minimum(found.start_ms + length, known.close_ms[session])
    at_ms = end_ms + EVALUATED_AFTER_MS + delay_ms
    is_today = session == len(known.days) - 1
    in_time = found.known_at <= np.where(is_today, at_ms, known.open_ms[-1])
    rows = np.flatnonzero(regular & in_time)
    slots = -(-(known.close_ms - known.open_ms) // length)
    prices = per_share(found.pick(rows), view.prices, known.open_ms[-1], timeframe)
    volume = _volume(view, prices, at_ms[rows], known.open_ms[-1], is_today[rows], timeframe)
    return History(
        calendar=known,
        bars=_session_bars(prices, volume, session[rows], slot[rows], slots),
        start_ms=prices.start_ms,
        end_ms=end_ms[rows],
        at_ms=at_ms[rows],
    )


def daily(view: SymbolView, day: dt.date, count: int, delay_ms: int, market: MarketDays = REGULAR) -> History:
    """Return the daily bars of a session and of `count` sessions before it; that of the session from 20 minutes on."""
    known = calendar(day, count, market)
    found = view.prices.bars[Timeframe.DAY]
    # A daily bar starts at midnight, so that it belongs to the first session that opens after its start.
    session = np.minimum(np.searchsorted(known.open_ms, found.start_ms), len(known.days) - 1)
    since = known.open_ms[session] - found.start_ms
    regular = (since >= 0) & (since < sessions.DAY_MS // 2)
    at_ms = known.close_ms[session] + DAY_EVALUATED_AFTER_MS + delay_ms
    is_today = session == len(known.days) - 1
    in_time = found.known_at <= np.where(is_today, at_ms, known.open_ms[-1])
    rows = np.flatnonzero(regular & in_time)
    prices = per_share(found.pick(rows), view.prices, known.open_ms[-1], Timeframe.DAY)
    volume = _volume(view, prices, at_ms[rows], known.open_ms[-1], is_today[rows], Timeframe.DAY)
    slots = np.ones(len(known.days), dtype=np.int64)
    return History(
        calendar=known,
        bars=_session_bars(prices, volume, session[rows], np.zeros(len(rows), dtype=np.int64), slots),
        start_ms=prices.start_ms,
        end_ms=known.close_ms[session[rows]],
        at_ms=at_ms[rows],
    )


def per_share(found: KnownBars, instrument: Instrument, at_ms: int, timeframe: str) -> KnownBars:
    """Return bars on the share basis of an instant, by the splits that were known and in effect then."""
    splits = [split for split in instrument.splits if split.is_in_effect(int(at_ms))]
    ratio = shares_per_share(found.start_ms, splits, timeframe)
    prices = {name: getattr(found, name) / ratio for name in ("open", "high", "low", "close", "vwap")}
    return KnownBars(start_ms=found.start_ms, volume=found.volume * ratio, known_at=found.known_at, **prices)


def _places(start_ms: Times, known: Calendar, length: int) -> tuple[Times, Times, Bools]:
    """Return session and slot of each bar, and whether it is one of a regular session of the calendar."""
    session = np.searchsorted(known.open_ms, start_ms, side="right") - 1
    inside = session >= 0
    session = np.maximum(session, 0)
    since = start_ms - known.open_ms[session]
    regular = inside & (start_ms < known.close_ms[session]) & (since % length == 0)
    return session, since // length, regular


def _volume(
    view: SymbolView, prices: KnownBars, at_ms: Times, open_ms: int, is_today: Bools, timeframe: Timeframe
) -> Floats:
    """Return the volume that counts for each bar, that of the reference for an index; NaN where it was not known."""
    if view.volume is None:
        return np.full(len(prices), np.nan)
    if view.volume is view.prices:
        return prices.volume
    other = per_share(view.volume.bars[timeframe], view.volume, open_ms, timeframe)
    place = np.searchsorted(other.start_ms, prices.start_ms)
    exists = place < len(other)
    place = np.where(exists, place, 0)
    if not len(other):
        return np.full(len(prices), np.nan)
    exists &= other.start_ms[place] == prices.start_ms
    in_time = other.known_at[place] <= np.where(is_today, at_ms, open_ms)
    return np.where(exists & in_time, other.volume[place], np.nan)


def _session_bars(
    prices: KnownBars, volume: Floats, session: Times, slot: Times, slots: Times
) -> SessionBars:
    return SessionBars(
        session=session,
        slot=slot,
        open=prices.open,
        high=prices.high,
        low=prices.low,
        close=prices.close,
        volume=volume,
        vwap=prices.vwap,
        slots=slots,
    )
