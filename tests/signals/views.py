"""Views of a market without a database: bars that a test gives, and nothing else stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Any

import numpy as np

from quant import sessions
from signals.anchors import REGULAR
from signals.market_view import Instrument, KnownBars, MarketView, SymbolView
from warehouse import clock
from warehouse.asof.gamma import GammaSlots
from warehouse.asof.iv import EventVersions, IvDays, TermDays
from warehouse.asof.regime import RegimeDays
from warehouse.models.enums import UnderlyingKind

_EMPTY = {"Times": np.int64, "Floats": float, "Texts": np.str_, "Days": "datetime64[D]", "Bools": bool}
DAYS_BEFORE, QUARTERS_BEFORE = 70, 33


def empty(columns: type[Any]) -> Any:
    return columns(**{one.name: np.array([], dtype=_EMPTY[str(one.type)]) for one in fields(columns)})


def bars(start_ms, close, length_ms, volume=100.0, spread=0.5, opened=None) -> KnownBars:
    """Return bars around their closes; each is known 10 seconds after its end."""
    start, closes = np.asarray(start_ms, dtype=np.int64), np.asarray(close, dtype=float)
    opens = closes if opened is None else np.asarray(opened, dtype=float)
    return KnownBars(
        start_ms=start,
        open=opens,
        high=np.maximum(opens, closes) + spread,
        low=np.minimum(opens, closes) - spread,
        close=closes,
        volume=np.broadcast_to(np.asarray(volume, dtype=float), closes.shape).copy(),
        vwap=closes,
        known_at=start + length_ms + 10_000.0,
    )


def quarter_starts(day: dt.date, count: int = QUARTERS_BEFORE) -> np.ndarray:
    """Return the starts of all 15-minute bars of a session and of the `count` sessions before it."""
    found = sessions.sessions(REGULAR.before(day, count), day)
    return np.array([clock.epoch_ms(slot) for each in found for slot in sessions.slots(each)[:-1]])


def day_starts(day: dt.date, count: int = DAYS_BEFORE) -> np.ndarray:
    """Return the starts of the daily bars of the `count` sessions before a session."""
    found = sessions.sessions(REGULAR.before(day, count), sessions.previous_session(day))
    return np.array(
        [clock.epoch_ms(dt.datetime.combine(each, dt.time(), sessions.NEW_YORK)) for each in found]
    )


def view(
    day: dt.date,
    quarters: KnownBars,
    days: KnownBars,
    *,
    kind: UnderlyingKind = UnderlyingKind.ETF,
    splits: tuple[Any, ...] = (),
    minutes: KnownBars | None = None,
    volume: Instrument | None = None,
) -> MarketView:
    """Return the view of SPY over one session."""
    none = bars([], [], 1)
    prices = Instrument({"15m": quarters, "1d": days, "5m": none, "1m": minutes or none}, splits)
    one = SymbolView(
        symbol="SPY",
        kind=kind,
        prices=prices,
        volume=volume if kind == UnderlyingKind.INDEX else prices,
        gamma=empty(GammaSlots),
        flow=None,
        iv=empty(IvDays),
        term=empty(TermDays),
        events=empty(EventVersions),
        curve=None,
    )
    last_ms = clock.epoch_ms(sessions.close_of(day)) + sessions.HOUR_MS
    return MarketView({"SPY": one}, empty(RegimeDays), (), last_ms, 0)
