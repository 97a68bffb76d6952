"""The paths of a symbol's prices along which its signals are followed: of a session, and of days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from quant import sessions
from quant.chain import Bools, Floats
from quant.market.outcome_kinds import Costs
from quant.market.outcomes import Outcomes, Setups, outcomes
from quant.market.paths import PathBars
from quant.sessions import MINUTE_MS
from signals.features.history import (
    DAY_EVALUATED_AFTER_MS,
    EVALUATED_AFTER_MS,
    QUARTER_MS,
    intraday,
    per_share,
)
from signals.market_view import Instrument, MarketView
from warehouse import clock
from warehouse.asof.rows import Times
from warehouse.models.enums import Timeframe

BAR_MINUTES = 15
DAILY_BARS = 20  # after which a signal of daily bars ends
PIN_REACH = 0.001  # of the strike, within which the close of a pinned session is


class Placed(Protocol):
    """What the path of a signal needs to know of it."""

    @property
    def bar_end(self) -> int: ...
    @property
    def side(self) -> int: ...
    @property
    def reference(self) -> float: ...
    @property
    def stop_price(self) -> float: ...
    @property
    def target_prices(self) -> tuple[float, ...]: ...
    @property
    def needs_minutes(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Path:
    """The bars along which signals are followed; `start_ms` and `end_ms` (b,) are their times.

    Bars from `evaluated` on have not been evaluated yet. `entry_minute` is the minute of the bar after a signal in
    which a trade is entered; `longest` is the number of bars after which a signal ends, None for its session.
    """

    bars: PathBars
    start_ms: Times
    end_ms: Times
    evaluated: int
    entry_minute: int = 1
    longest: int | None = None

    def row(self, at_ms: int) -> int:
        """Return the bar that ends at an instant, or that holds it."""
        return int(np.searchsorted(self.end_ms, at_ms))

    def last_close(self) -> float:
        """Return the close of the last known bar, NaN without one."""
        closes = self.bars.close[~np.isnan(self.bars.close)]
        return float(closes[-1]) if len(closes) else float("nan")

    def outcomes(
        self,
        signals: Sequence[Placed],
        *,
        walls: Floats | None = None,
        costs: Costs | None = None,
        to_close: bool = False,
    ) -> Outcomes:
        """Return the outcomes of signals along the path, as far as it is evaluated.

        `walls` (s,) are prices of walls before which a trade is left, NaN for none. Default costs without `costs`. With
        `to_close` neither stops nor targets end a trade.
        """
        missing = np.full((len(signals), 4), np.nan)
        setups = Setups(
            bar=np.array([self.row(one.bar_end) for one in signals], dtype=np.int64),
            side=np.array([float(one.side) for one in signals]),
            reference=np.array([one.reference for one in signals]),
            stop=missing[:, 0] if to_close else np.array([one.stop_price for one in signals]),
            targets=missing[:, 1:]
            if to_close
            else np.array([one.target_prices for one in signals], dtype=float).reshape(-1, 3),
            wall=missing[:, 0] if walls is None else walls,
            needs_minutes=np.array([one.needs_minutes for one in signals], dtype=bool),
        )
        return outcomes(
            self.bars,
            setups,
            longest=self.longest,
            until=self.evaluated,
            entry_minute=self.entry_minute,
            costs=costs,
        )


def is_pinned(close: float, strike: float) -> bool:
    """Return whether a session that closes at a price is pinned at a strike."""
    return abs(close - strike) <= PIN_REACH * strike


def session_path(view: MarketView, symbol: str, day: dt.date) -> Path:
    """Return the bars of a session in all its slots, with their minutes; each bar as known at its own instant.

    A bar or minute that was not known 40 seconds (and the delay of the data) after its end is missing, also when it
    arrived later. A bar whose time was fetched and that has no row is empty: nothing was traded. The provider sends
    nothing for it, so that this is known with the next trade; until then the newest bars are neither missing nor empty.
    """
    one, delay_ms = view.symbols[symbol], view.delay_ms
    history = intraday(one, day, 1, delay_ms, market=view.days)
    open_ms, close_ms = int(history.calendar.open_ms[-1]), int(history.calendar.close_ms[-1])
    count = int(history.bars.slots[-1])
    rows = np.arange(history.first_row, len(history.bars))
    slot = history.bars.slot[rows]
    prices = {}
    for name in ("open", "high", "low", "close"):
        prices[name] = np.full(count, np.nan)
        prices[name][slot] = getattr(history.bars, name)[rows]
    minutes = per_share(
        one.prices.bars[Timeframe.MINUTE].between(open_ms, close_ms), one.prices, open_ms, Timeframe.MINUTE
    )
    in_time = minutes.known_at <= minutes.start_ms + MINUTE_MS + EVALUATED_AFTER_MS + delay_ms
    minutes = minutes.pick(in_time)
    place = (minutes.start_ms - open_ms) // MINUTE_MS
    inside = np.full((3, count, BAR_MINUTES), np.nan)
    for row, name in enumerate(("open", "high", "low")):
        inside[row, place // BAR_MINUTES, place % BAR_MINUTES] = getattr(minutes, name)
    listed = np.minimum(BAR_MINUTES, (close_ms - open_ms) // MINUTE_MS - np.arange(count) * BAR_MINUTES)
    start_ms = open_ms + np.arange(count) * QUARTER_MS
    end_ms = np.minimum(start_ms + QUARTER_MS, close_ms)
    evaluated = int(np.count_nonzero(end_ms + EVALUATED_AFTER_MS + delay_ms <= view.last_ms))
    unknown = np.isnan(prices["open"])
    stored = np.isin(start_ms, one.prices.bars[Timeframe.QUARTER_HOUR].between(open_ms, close_ms).start_ms)
    empty = ~stored & _fetched(one.prices, start_ms, end_ms)
    waiting = unknown & (np.arange(count) >= _after_last(~unknown[:evaluated])) & (evaluated < count)
    bars = PathBars(
        open=prices["open"],
        high=prices["high"],
        low=prices["low"],
        close=prices["close"],
        missing=unknown & ~empty & (stored | ~waiting),
        empty=empty,
        last=np.full(count, count - 1),
        minute_open=inside[0],
        minute_high=inside[1],
        minute_low=inside[2],
        complete=np.count_nonzero(~np.isnan(inside[0]), axis=1) == listed,
    )
    return Path(bars, start_ms, end_ms, evaluated, entry_minute=1 + -(-delay_ms // MINUTE_MS))


def _fetched(prices: Instrument, start_ms: Times, end_ms: Times) -> Bools:
    """Return of which bars the time was fetched, shape (n,)."""
    return np.array(
        [prices.is_fetched(*each) for each in zip(start_ms.tolist(), end_ms.tolist(), strict=True)]
    )


def _after_last(known: Bools) -> int:
    """Return the position after the last true value, 0 without one."""
    rows = np.flatnonzero(known)
    return int(rows[-1]) + 1 if len(rows) else 0


def daily_path(view: MarketView, symbol: str, day: dt.date) -> Path:
    """Return the daily bars from a session on, at most those that a signal of it lasts, per share of that session."""
    one = view.symbols[symbol]
    days = view.days.sessions(day, sessions.new_york_date(clock.instant(view.last_ms)))[: DAILY_BARS + 1]
    open_ms, close_ms = np.array([view.days.hours_ms(each) for each in days], dtype=np.int64).T
    evaluated_ms = close_ms + DAY_EVALUATED_AFTER_MS + view.delay_ms
    found = per_share(one.prices.bars[Timeframe.DAY], one.prices, int(open_ms[0]), Timeframe.DAY)
    place = np.searchsorted(open_ms, found.start_ms)
    inside = (place < len(days)) & (found.start_ms > open_ms[0] - sessions.DAY_MS)
    inside &= found.known_at <= np.append(evaluated_ms, 0)[place]
    found, place = found.pick(inside), place[inside]
    later = [split for split in one.prices.splits if day < split.ex_date <= days[-1]]
    # A bar after a split has fewer dollars per share; its price is that of the old shares again.
    shares = np.array([np.prod([split.shares for split in later if split.ex_date <= each]) for each in days])
    prices = {name: np.full(len(days), np.nan) for name in ("open", "high", "low", "close")}
    for name, column in prices.items():
        column[place] = getattr(found, name) * shares[place]
    none = np.full((len(days), 0), np.nan)
    bars = PathBars(
        **prices,
        missing=np.isnan(prices["open"]),
        empty=np.zeros(len(days), dtype=bool),
        last=np.arange(len(days)),
        minute_open=none,
        minute_high=none,
        minute_low=none,
        complete=np.zeros(len(days), dtype=bool),
    )
    evaluated = int(np.count_nonzero(evaluated_ms <= view.last_ms))
    return Path(bars, open_ms, close_ms, evaluated, longest=DAILY_BARS)
