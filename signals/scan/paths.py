"""The path of a symbol's prices in a session, along which its signals are followed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from quant import sessions
from quant.market.outcomes import Setups
from quant.market.paths import PathBars
from quant.sessions import MINUTE_MS
from signals.features.history import EVALUATED_AFTER_MS, intraday, per_share
from signals.market_view import MarketView, SymbolView
from signals.scan.found import FoundSignal
from warehouse import clock
from warehouse.models.enums import Timeframe

BAR_MINUTES = 15
_BAR_MS = BAR_MINUTES * MINUTE_MS


def slot_of(bar_end: int, open_ms: int) -> int:
    """Return the number of the bar of a session that ends at `bar_end`, or that holds the instant; both epoch ms."""
    return -(-(bar_end - open_ms) // _BAR_MS) - 1


def evaluated_bars(view: MarketView, day: dt.date) -> int:
    """Return how many bars of a session have been evaluated by the end of a view's range."""
    opened, closed = (clock.epoch_ms(each(day)) for each in (sessions.open_of, sessions.close_of))
    ends = [min(end, closed) for end in range(opened + _BAR_MS, closed + _BAR_MS, _BAR_MS)]
    return sum(end + EVALUATED_AFTER_MS + view.delay_ms <= view.last_ms for end in ends)


def setups_of(signals: Sequence[FoundSignal], open_ms: int) -> Setups:
    """Return signals of one session as `quant.market.outcomes` reads them; `open_ms` is the session's open."""
    return Setups(
        bar=np.array([slot_of(one.bar_end, open_ms) for one in signals], dtype=np.int64),
        side=np.array([float(one.direction) for one in signals]),
        reference=np.array([one.reference for one in signals]),
        stop=np.array([one.stop for one in signals]),
        targets=np.array([one.targets for one in signals]).reshape(-1, 3),
        wall=np.full(len(signals), np.nan),
    )


def session_path(view: SymbolView, day: dt.date, delay_ms: int) -> PathBars:
    """Return the bars of a session in all its slots, with their minutes; each bar as known at its own instant.

    A bar or minute that was not known 40 seconds (and the delay of the data) after its end is missing, also when it
    arrived later.
    """
    history = intraday(view, day, 1, delay_ms)
    open_ms, close_ms = int(history.calendar.open_ms[-1]), int(history.calendar.close_ms[-1])
    count = int(history.bars.slots[-1])
    rows = np.arange(history.first_row, len(history.bars))
    slot = history.bars.slot[rows]
    prices = {}
    for name in ("open", "high", "low", "close"):
        prices[name] = np.full(count, np.nan)
        prices[name][slot] = getattr(history.bars, name)[rows]
    minutes = per_share(
        view.prices.bars[Timeframe.MINUTE].between(open_ms, close_ms), view.prices, open_ms, Timeframe.MINUTE
    )
    in_time = minutes.known_at <= minutes.start_ms + MINUTE_MS + EVALUATED_AFTER_MS + delay_ms
    minutes = minutes.pick(in_time)
    place = (minutes.start_ms - open_ms) // MINUTE_MS
    inside = np.full((3, count, BAR_MINUTES), np.nan)
    for row, name in enumerate(("open", "high", "low")):
        inside[row, place // BAR_MINUTES, place % BAR_MINUTES] = getattr(minutes, name)
    listed = np.minimum(BAR_MINUTES, (close_ms - open_ms) // MINUTE_MS - np.arange(count) * BAR_MINUTES)
    return PathBars(
        open=prices["open"],
        high=prices["high"],
        low=prices["low"],
        close=prices["close"],
        missing=np.isnan(prices["open"]),
        empty=np.zeros(count, dtype=bool),
        last=np.full(count, count - 1),
        minute_open=inside[0],
        minute_high=inside[1],
        minute_low=inside[2],
        complete=np.count_nonzero(~np.isnan(inside[0]), axis=1) == listed,
    )
