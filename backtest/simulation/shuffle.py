"""A market whose bars have a random order, in which no detector can have an edge.

Each bar moves, with the shorter bars within it, to the same slot of another session. So the volatility and the volume
of each time of day, and the drift of the range, stay; what followed what does not. Prices continue from bar to bar.
Gamma, trades and volatility belong to the true prices and are left out: detectors that need them have no data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from quant.chain import Floats
from quant.sessions import DAY_MS, new_york_date
from signals.features.history import QUARTER_MS, per_share
from signals.features.record import BarLength
from signals.market_view import Instrument, KnownBars, MarketView, SymbolView
from warehouse import clock
from warehouse.asof.rows import Times
from warehouse.market_days import MarketDays
from warehouse.models.enums import Timeframe

_PRICES = ("open", "high", "low", "close", "vwap")
_Columns = TypeVar("_Columns")


def shuffled(view: MarketView, symbol: str, timeframe: BarLength, seed: int) -> MarketView:
    """Return a view of one symbol with its bars, and those of its reference, in the same random order."""
    one = view.symbols[symbol]
    order = _Order(view.days, timeframe, seed)
    prices = order.instrument(one.prices)
    volume = one.volume
    if volume is not None:
        volume = prices if volume is one.prices else order.instrument(volume)
    bare = replace(
        one,
        prices=prices,
        volume=volume,
        gamma=_empty(one.gamma),
        flow=None,
        iv=_empty(one.iv),
        term=_empty(one.term),
        events=_empty(one.events),
        curve=None,
    )
    symbols: Mapping[str, SymbolView] = {symbol: bare}
    return replace(view, symbols=symbols)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Where bars are: number of the session and slot within it, and the start of that slot, shape (n,)."""

    session: Times
    slot: Times
    start_ms: Times


@dataclass(frozen=True, slots=True)
class _Order:
    days: MarketDays
    timeframe: BarLength
    seed: int

    def instrument(self, one: Instrument) -> Instrument:
        """Return an instrument with the bars of the tested length, and those within them, moved."""
        base = Timeframe(self.timeframe)
        bars = {name: self._adjusted(one, name) for name in one.bars}
        blocks = bars[base]
        if not len(blocks):
            return Instrument(bars, ())
        at = self._blocks(blocks.start_ms)
        known = at.session >= 0
        blocks, at = blocks.pick(known), self._blocks(blocks.start_ms[known])
        target = self._targets(at, self._with_minutes(bars, at))
        source = np.empty_like(target)
        source[target] = np.arange(len(target))
        moved = _joined(blocks, source, at)
        scale = moved.open[target] / blocks.open
        found: dict[str, KnownBars] = {**bars, base: moved}
        if base != Timeframe.DAY:
            for name in (Timeframe.MINUTE, Timeframe.FIVE_MINUTES):
                found[name] = self._moved(bars[name], at, target, scale)
            found[Timeframe.DAY] = _with_days(bars[Timeframe.DAY], moved, at)
        return Instrument(found, ())

    def _adjusted(self, one: Instrument, name: str) -> KnownBars:
        last_ms = int(max((bars.start_ms[-1] for bars in one.bars.values() if len(bars)), default=0))
        return per_share(one.bars[name], one, last_ms + DAY_MS, name)

    def _blocks(self, start_ms: Times) -> _Blocks:
        """Return the place of bars; the session is -1 outside sessions."""
        first, last = (new_york_date(clock.instant(int(each))) for each in (start_ms[0], start_ms[-1]))
        _, opens, closes = self.days.sessions_with_hours(first - dt.timedelta(days=4), last)
        if self.timeframe == "1d":
            # A daily bar starts at midnight, before its session opens.
            row = np.searchsorted(opens, start_ms)
            inside = (row < len(opens)) & (opens[np.minimum(row, len(opens) - 1)] - start_ms < DAY_MS // 2)
            return _Blocks(np.where(inside, row, -1), np.zeros(len(row), dtype=np.int64), start_ms)
        row = np.searchsorted(opens, start_ms, side="right") - 1
        inside = (row >= 0) & (start_ms < closes[np.maximum(row, 0)])
        slot = (start_ms - opens[np.maximum(row, 0)]) // QUARTER_MS
        return _Blocks(np.where(inside, row, -1), slot, opens[np.maximum(row, 0)] + slot * QUARTER_MS)

    def _with_minutes(self, bars: Mapping[str, KnownBars], at: _Blocks) -> np.ndarray:
        """Return which blocks have minutes; they change places only among themselves."""
        minutes = bars.get(Timeframe.MINUTE)
        if minutes is None or not len(minutes):
            return np.zeros(len(at.session), dtype=bool)
        return np.isin(at.start_ms, self._blocks(minutes.start_ms).start_ms)

    def _targets(self, at: _Blocks, with_minutes: np.ndarray) -> Times:
        """Return the row to which each block moves."""
        generator = np.random.default_rng(self.seed)
        target = np.arange(len(at.session))
        for slot in np.unique(at.slot):
            for has in (False, True):
                rows = np.flatnonzero((at.slot == slot) & (with_minutes == has))
                target[rows] = rows[generator.permutation(len(rows))]
        return target

    def _moved(self, inner: KnownBars, at: _Blocks, target: Times, scale: Floats) -> KnownBars:
        """Return the shorter bars in their new places, in the order of their times."""
        if not len(inner):
            return inner
        own = self._blocks(inner.start_ms)
        block = np.searchsorted(at.start_ms, own.start_ms)
        exists = (own.session >= 0) & (block < len(at.start_ms))
        exists &= at.start_ms[np.minimum(block, len(at.start_ms) - 1)] == own.start_ms
        inner, block = inner.pick(exists), block[exists]
        shift = at.start_ms[target[block]] - at.start_ms[block]
        prices = {name: getattr(inner, name) * scale[block] for name in _PRICES}
        found = KnownBars(
            start_ms=inner.start_ms + shift, volume=inner.volume, known_at=inner.known_at + shift, **prices
        )
        return found.pick(np.argsort(found.start_ms, kind="stable"))


def _joined(blocks: KnownBars, source: Times, at: _Blocks) -> KnownBars:
    """Return blocks in a new order, with prices that continue from the first one; `source` is the old row of each."""
    before = np.concatenate([blocks.open[:1], blocks.close[:-1]])
    gap, move = (blocks.open / before)[source], (blocks.close / blocks.open)[source]
    close = blocks.open[0] * np.cumprod(gap * move)
    opened = close / move
    scale = opened / blocks.open[source]
    late = blocks.known_at - blocks.start_ms
    return KnownBars(
        start_ms=blocks.start_ms,
        open=opened,
        high=blocks.high[source] * scale,
        low=blocks.low[source] * scale,
        close=close,
        volume=blocks.volume[source],
        vwap=blocks.vwap[source] * scale,
        known_at=blocks.start_ms + late[source],
    )


def _with_days(days: KnownBars, blocks: KnownBars, at: _Blocks) -> KnownBars:
    """Return daily bars, those of the sessions of the blocks being made of the blocks."""
    if not len(days):
        return days
    first = np.flatnonzero(np.diff(at.session, prepend=-2) != 0)
    last = np.append(first[1:], len(at.session)) - 1
    row = np.searchsorted(days.start_ms, blocks.start_ms[first], side="right") - 1
    has_day = (row >= 0) & (blocks.start_ms[first] - days.start_ms[np.maximum(row, 0)] < DAY_MS)
    row, first, last = row[has_day], first[has_day], last[has_day]
    columns: dict[str, Any] = {one.name: getattr(days, one.name).copy() for one in fields(KnownBars)}
    columns["open"][row], columns["close"][row] = blocks.open[first], blocks.close[last]
    for place, (start, end) in zip(row, zip(first, last + 1, strict=True), strict=True):
        columns["high"][place] = blocks.high[start:end].max()
        columns["low"][place] = blocks.low[start:end].min()
        columns["volume"][place] = blocks.volume[start:end].sum()
    columns["vwap"][row] = np.nan
    return KnownBars(**columns)


def _empty(found: _Columns) -> _Columns:
    """Return columns without rows."""
    return type(found)(**{one.name: getattr(found, one.name)[:0] for one in fields(found)})  # type: ignore[arg-type]  # any dataclass
