"""Outcomes of predicted falls of volatility: how that of one contract changed over the event.

The contract is the one at the forward of the nearest expiration after the event, in the chain that the signal's bar
used. Its volatility is compared with that at the first slot which follows the bar's evaluation by 24 hours and the
event by 30 minutes. Source of the rule: docs/signals.md, "How a signal ends".
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.contracts import is_adjusted, parse_tickers
from quant.sessions import DAY_MS, MINUTE_MS, new_york_date
from quant.volatility.event_times import event_hours
from signals.anchors import REGULAR
from signals.features.events import confirmed_event, settlements
from warehouse import clock, market_days
from warehouse.asof import chain, expiration_curve, iv
from warehouse.asof.chain import ChainVolatility
from warehouse.asof.expiration_curve import SlotVolatilities
from warehouse.asof.iv import EventVersions
from warehouse.market_days import MarketDays
from warehouse.models.enums import SignalEventKind

AFTER_SIGNAL_MS = DAY_MS
AFTER_EVENT_MS = 30 * MINUTE_MS
LEAST_LEFT_MS = 60 * MINUTE_MS  # of the contract at the later slot
WAIT_MS = 30 * MINUTE_MS  # after the later slot, for its chain
FLAT_POINTS = 0.5  # a smaller change is none
_DIGITS = 9  # of a change; 0.400 - 0.405 is -0.50000000000000044 points in floating point


@dataclass(frozen=True, slots=True)
class Crush:
    """How a predicted fall of volatility ended, at `at_ms` (epoch ms).

    `end` is TARGET_HIT for a fall, EXPIRED for a rise or less than half a point, NO_DATA where one of the volatilities
    is unknown. Those of the contract before and after are fractions, NaN if unknown.
    """

    end: SignalEventKind
    reason: str
    at_ms: int
    contract_ticker: str = ""
    before: float = np.nan
    after: float = np.nan

    @property
    def change(self) -> float:
        """Return the change of volatility in points."""
        return round(100.0 * (self.after - self.before), _DIGITS)


def measured_slot(at_ms: int, happened_ms: int, days: MarketDays = REGULAR) -> int:
    """Return the slot at which a prediction of `at_ms` about an event is measured; epoch ms."""
    earliest = max(at_ms + AFTER_SIGNAL_MS, happened_ms + AFTER_EVENT_MS)
    day = new_york_date(clock.instant(earliest))
    slots = days.slots_ms(day) + days.slots_ms(days.following(day))
    return next(slot for slot in slots if slot >= earliest)


def measure(
    symbol: str,
    events: EventVersions,
    curve: SlotVolatilities | None,
    bar_end: int,
    at_ms: int,
    now_ms: int,
    days: MarketDays = REGULAR,
) -> Crush | None:
    """Return how the prediction that was made for a bar at `at_ms` ended; None as long as that is open at `now_ms`.

    `events`, `curve` and `days` are those of a view of the bar's session. The chains of both slots are read; inside
    `warehouse.asof.at(t)` only what was known at t.
    """
    day = new_york_date(clock.instant(bar_end))
    open_ms, next_close_ms = days.hours_ms(day)[0], days.hours_ms(days.following(day))[1]
    event = confirmed_event(events, at_ms, next_close_ms)
    if event is None:
        return Crush(SignalEventKind.NO_DATA, "no data: event", at_ms)
    later_ms = measured_slot(at_ms, clock.epoch_ms(event_hours(event.day, event.timing)[1]), days)
    if now_ms < later_ms:
        return None
    slot = None if curve is None else settlements(curve, open_ms, bar_end, at_ms)
    front = None if curve is None or slot is None else _expiration(curve, *slot, event.at, later_ms)
    if front is None:
        return Crush(SignalEventKind.NO_DATA, "no data: expiration after the event", later_ms)
    ticker, before = _at_the_forward(symbol, front)
    if not ticker:
        return Crush(SignalEventKind.NO_DATA, "no data: volatility at the forward", later_ms)
    found = chain.read_contracts(symbol, later_ms, [ticker], ChainVolatility).implied_volatility
    after = float(found[0]) if len(found) else np.nan
    if np.isnan(after):
        if now_ms < later_ms + WAIT_MS:
            return None
        return Crush(SignalEventKind.NO_DATA, "no data: volatility after the event", later_ms, ticker, before)
    return _judged(later_ms, ticker, before, after)


def measure_stored(symbol: str, bar_end: int, at_ms: int, now_ms: int) -> Crush | None:
    """Return what `measure` returns for events and volatilities that are read here."""
    day, days = new_york_date(clock.instant(bar_end)), market_days.read()
    events = iv.event_versions_of([symbol], day, days.following(day))[symbol]
    curve = expiration_curve.volatilities(symbol, days.slots_ms(day))
    return measure(symbol, events, curve, bar_end, at_ms, now_ms, days)


def _judged(at_ms: int, ticker: str, before: float, after: float) -> Crush:
    """Return a measured change as a hit, or as a miss with its reason."""
    found = Crush(SignalEventKind.TARGET_HIT, "", at_ms, ticker, before, after)
    if abs(found.change) < FLAT_POINTS:
        return replace(found, end=SignalEventKind.EXPIRED, reason="volatility did not change")
    if found.change > 0.0:
        return replace(found, end=SignalEventKind.EXPIRED, reason="volatility rose")
    return found


class _Expiration(NamedTuple):
    """An expiration of the chain of a slot."""

    slot_ms: int
    root: str
    day: dt.date


def _expiration(
    curve: SlotVolatilities,
    rows: NDArray[np.intp],
    instants: NDArray[np.datetime64],
    event: dt.datetime,
    later_ms: int,
) -> _Expiration | None:
    """Return the first expiration after an event that lives long enough; `rows` settle at `instants`, by time."""
    settled_ms = instants.astype("datetime64[ms]").astype(np.int64)
    usable = (settled_ms > clock.epoch_ms(event)) & (settled_ms >= later_ms + LEAST_LEFT_MS)
    if not usable.any():
        return None
    row = rows[int(np.argmax(usable))]
    return _Expiration(int(curve.timestamp[row]), str(curve.root[row]), curve.expiration[row].item())


def _at_the_forward(symbol: str, one: _Expiration) -> tuple[str, float]:
    """Return the contract whose strike is nearest to the forward, and its volatility; '' without one.

    Of call and put the one out of the money is used, whose quotes determine the volatility of the strike.
    """
    forward = _forward(symbol, one)
    name = f"O:{one.root}{one.day:%y%m%d}"
    listed = chain.read_expirations(symbol, one.slot_ms, [name], ChainVolatility)
    terms = parse_tickers(listed.contract_ticker)
    standard = ~is_adjusted(terms.root, listed.multiplier)
    rows = np.flatnonzero(standard & ~np.isnan(listed.implied_volatility))
    if np.isnan(forward) or not len(rows):
        return "", np.nan
    strike = terms.strike[rows]
    is_in_the_money = terms.is_call[rows] == (strike < forward)
    row = int(rows[np.lexsort((strike, is_in_the_money, np.abs(strike - forward)))[0]])
    return str(listed.contract_ticker[row]), float(listed.implied_volatility[row])


def _forward(symbol: str, one: _Expiration) -> float:
    root, day = np.array([one.root]), np.array([one.day], dtype="datetime64[D]")
    return float(expiration_curve.carry(symbol, one.slot_ms, root, day).forward[0])
