"""What identifies the stored data on which the outcomes of a backtest can depend.

A view holds more than that: its rows reach past the tested sessions, and rows that were known later are in it although
no evaluation may use them. So a fingerprint of the whole view would change with the time at which it is read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np

from quant.sessions import HOUR_MS, new_york_date
from signals.features.history import QUARTER_MS
from signals.market_view import EVENT_DAYS, Instrument, KnownBars, MarketView
from warehouse import clock
from warehouse.asof.iv import EventVersions
from warehouse.asof.rows import Times, picked
from warehouse.asof.sums.versions import FlowVersions
from warehouse.models.enums import Timeframe

UNUSED = ("computed_at",)  # no evaluation reads it, and it changes when equal numbers are computed again


class Fingerprint:
    """A short name for stored data: equal where no outcome can differ, whenever they are read."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=8)

    def add(self, view: MarketView, symbol: str, days: Sequence[dt.date]) -> None:
        """Add what the evaluation of `days`, the sessions of a view that are tested, can depend on."""
        one = view.symbols[symbol]
        until_ms = view.days.hours_ms(days[-1])[1] + HOUR_MS
        reached = max(days[-1], new_york_date(clock.instant(view.last_ms)))
        self._add(one.kind)
        for instrument in (one.prices, one.volume):
            self._add(None if instrument is None else _bars(instrument, view.last_ms))
            self._add(None if instrument is None else _splits(instrument, until_ms, reached))
        self._add(_fetched(one.prices, view, days))
        events = _events(one.events, until_ms, days[-1])
        # A view has the curve if an event is near, also one that was known later; without one nothing reads it.
        is_near = bool(np.any(events.date <= np.datetime64(view.days.following(days[-1]))))
        for rows in (one.gamma, one.iv, one.term, view.regime, one.curve if is_near else None):
            self._add(None if rows is None else picked(rows, rows.known_at <= until_ms))
        self._add(None if one.flow is None else _flow(one.flow, until_ms))
        self._add(events)
        self._add(tuple(_gaps(view, until_ms)))
        following = view.days.following(reached)
        self._add(tuple(each for each in view.days.exceptions if each[0] <= following))

    def add_value(self, value: Any) -> None:
        """Add an array, a record of arrays, a tuple of them, or a plain value."""
        self._add(value)

    def text(self) -> str:
        return self._hash.hexdigest()

    def _add(self, value: Any) -> None:
        if isinstance(value, np.ndarray):
            self._hash.update(np.ascontiguousarray(value).tobytes())
        elif is_dataclass(value):
            for one in fields(value):
                if one.name not in UNUSED:
                    self._add(getattr(value, one.name))
        elif isinstance(value, dict):
            for name in sorted(value):
                self._hash.update(str(name).encode())
                self._add(value[name])
        elif isinstance(value, tuple):
            for one in value:
                self._add(one)
        else:
            self._hash.update(repr(value).encode())


def _bars(instrument: Instrument, last_ms: int) -> dict[str, Any]:
    """Return the bars that were known in time. Of later ones of 15 minutes it counts only that they exist."""
    found: dict[str, Any] = {}
    for name, bars in instrument.bars.items():
        found[name] = bars.pick(bars.known_at <= last_ms)
        if name == Timeframe.QUARTER_HOUR:
            found[f"{name} late"] = _late(bars, last_ms)
    return found


def _late(bars: KnownBars, last_ms: int) -> Times:
    return bars.start_ms[bars.known_at > last_ms]


def _splits(instrument: Instrument, until_ms: int, reached: dt.date) -> tuple[Any, ...]:
    """Return the splits up to a date; an instant after `until_ms` is None, as if it had not come yet."""
    return tuple(
        (one.ex_date, one.shares, *(_if_past(at_ms, until_ms) for at_ms in (one.known_at, one.withdrawn_at)))
        for one in instrument.splits
        if one.ex_date <= reached
    )


def _fetched(instrument: Instrument, view: MarketView, days: Sequence[dt.date]) -> tuple[bool, ...]:
    """Return of which bars of the tested sessions the time was fetched; ranges of it grow and join later."""
    if not instrument.fetched:
        return ()
    return tuple(
        instrument.is_fetched(slot - QUARTER_MS, slot) for day in days for slot in view.days.slots_ms(day)[1:]
    )


def _flow(flow: FlowVersions, until_ms: int) -> FlowVersions:
    """Return the versions that were valid by an instant; what replaced one later does not count."""
    known = picked(flow, flow.valid_from <= until_ms)
    ended = known.valid_until <= until_ms
    return replace(known, valid_until=np.where(ended, known.valid_until, -1))


def _events(events: EventVersions, until_ms: int, last: dt.date) -> EventVersions:
    """Return the events that were known by an instant, in an order that equal dates do not leave open."""
    nearest = events.date <= np.datetime64(last + dt.timedelta(days=EVENT_DAYS))
    known = picked(events, (events.known_at <= until_ms) & nearest)
    withdrawn = np.where(known.withdrawn_at <= until_ms, known.withdrawn_at, np.nan)
    found = replace(known, withdrawn_at=withdrawn)
    order = np.lexsort([getattr(found, one.name) for one in fields(found)])
    return picked(found, order)


def _gaps(view: MarketView, until_ms: int) -> Iterator[tuple[int, int | None]]:
    for one in view.gaps:
        if one.from_ms <= until_ms:
            yield one.from_ms, None if one.to_ms is None else _if_past(one.to_ms, until_ms)


def _if_past(at_ms: int, until_ms: int) -> int | None:
    return at_ms if at_ms <= until_ms else None
