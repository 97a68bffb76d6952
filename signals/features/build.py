"""Construction of the record of features of one symbol and session from the stored columns."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from quant.chain import Bools
from quant.sessions import MINUTE_MS
from signals.anchors import BAR_ANCHOR, DAY_ANCHOR, FOUR_HOUR_ANCHOR
from signals.features.daily_rows import regime_columns
from signals.features.events import event_columns
from signals.features.flow import flow_columns
from signals.features.frames import frame_columns
from signals.features.gamma import gamma_columns
from signals.features.history import History, daily, intraday
from signals.features.indicators import indicators
from signals.features.record import BarLength, Features
from signals.features.session import closes_before, daily_columns, is_jump, session_columns
from signals.features.stale_open import with_true_opens
from signals.features.volatility import iv_columns
from signals.market_view import MarketView, SymbolView
from warehouse.asof.rows import Texts
from warehouse.market_days import MarketDays
from warehouse.models.enums import Timeframe


def build(
    view: MarketView, symbol: str, day: dt.date, timeframe: BarLength = "15m", now_ms: int | None = None
) -> Features | None:
    """Return the features of the bars of a session, after those of the sessions that they look back on.

    None without a session or a bar of it that was known at its evaluation instant. The result is the same, bit for bit,
    from whatever range the view was read, as long as that contains the session; a view that ends within the session
    gives the rows of its bars so far. With `now_ms`, an instant after the newest bar, the contexts of that bar are
    those known then; its prices are unchanged.
    """
    if view.days.hours(day) is None:
        return None
    one = view.symbols[symbol]
    days = daily(one, day, _day_anchor(day, view.days), view.delay_ms, view.days)
    quarters, five, no_open = None, None, np.zeros(0, dtype=bool)
    history = days
    if timeframe == "15m":
        quarters, _ = _intraday(view, one, day, FOUR_HOUR_ANCHOR, days)
        history, no_open = _intraday(view, one, day, BAR_ANCHOR, days)
        five, _ = _intraday(view, one, day, BAR_ANCHOR, days, Timeframe.FIVE_MINUTES)
    if history.first_row >= len(history.bars):
        return None
    bars, first_row = history.bars, history.first_row
    before = float(closes_before(history, days).price[-1])
    values, reasons = indicators(bars)
    values |= daily_columns(days) if timeframe == "1d" else session_columns(history, days, before)
    reasons |= _absent(one, no_open[bars.session] if len(no_open) else np.zeros(len(bars), dtype=bool))
    values["day_open"] = np.where(reasons["day_open"] == "", values["day_open"], np.nan)
    seen = history if now_ms is None else _seen_at(history, now_ms)
    jumped = is_jump(bars, first_row, before) & (np.arange(len(bars)) >= first_row)
    return Features(
        symbol=symbol,
        timeframe=timeframe,
        first_row=first_row,
        start_ms=history.start_ms,
        end_ms=history.end_ms,
        at_ms=history.at_ms,
        session=bars.session,
        first_of_session=bars.slot == 0,
        follows=_follows(history, timeframe),
        minutes_open=(history.end_ms - history.calendar.open_ms[bars.session]) / MINUTE_MS,
        minutes_left=(history.calendar.close_ms[bars.session] - history.end_ms) / MINUTE_MS,
        missing=np.where(jumped, "unexplained jump", ""),
        reasons=reasons,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
        **values,
        gamma=gamma_columns(one.gamma, seen),
        flow=flow_columns(one.flow, view.gaps, replace(seen, end_ms=history.end_ms)),
        iv=iv_columns(one.iv, one.term, event_columns(one.events, one.curve, seen), seen),
        regime=regime_columns(view.regime, seen),
        frames=frame_columns(history, days, quarters, five),
    )


def _seen_at(history: History, now_ms: int) -> History:
    """Return a history whose newest bar is evaluated at an instant, with the snapshots up to it."""
    end_ms, at_ms = history.end_ms.copy(), history.at_ms.copy()
    end_ms[-1] = at_ms[-1] = now_ms
    return replace(history, end_ms=end_ms, at_ms=at_ms)


def _intraday(
    view: MarketView,
    one: SymbolView,
    day: dt.date,
    count: int,
    days: History,
    timeframe: Timeframe = Timeframe.QUARTER_HOUR,
) -> tuple[History, Bools]:
    """Return the bars of sessions with true opens, and which of the sessions have no known open."""
    history = intraday(one, day, count, view.delay_ms, timeframe, view.days)
    return with_true_opens(one, history, closes_before(history, days).price, timeframe)


def _absent(one: SymbolView, no_open: Bools) -> dict[str, Texts]:
    """Return why features are missing on all bars of a symbol, or on those of sessions without a known open."""
    volume = np.full(len(no_open), "volume" if one.volume is None else "")
    return dict.fromkeys(("rvol", "rvol_bar", "vwap", "vwap_distance"), volume) | {
        "day_open": np.where(no_open, "open", "")
    }


def _follows(history: History, timeframe: BarLength) -> Bools:
    """Return where the row before is the slot before: in the same session, on 1d that of the session before."""
    if timeframe == "15m":
        return history.bars.follows
    return np.asarray(np.diff(history.bars.session, prepend=-2) == 1)


def _day_anchor(day: dt.date, market: MarketDays) -> int:
    """Return how many sessions before `day` its daily bars begin: 800 before the first session of the month."""
    return DAY_ANCHOR + len(market.sessions(day.replace(day=1), day)) - 1
