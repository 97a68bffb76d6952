"""The next event of a symbol at each bar, and the volatility of the expiration after it with and without the event."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant import sessions
from quant.chain import Floats
from quant.volatility.event_times import event_at
from quant.volatility.event_variance import from_expirations, without_events
from quant.volatility.term_structure import kinks
from signals.features.history import History
from warehouse import clock
from warehouse.asof.expiration_curve import SlotVolatilities
from warehouse.asof.iv import EventVersions
from warehouse.asof.rows import Texts

CONFIRMED = "CONFIRMED"
FEWEST_SESSIONS = 10  # of the 21 before, for the mean of a volatility


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Columns of `IvColumns` about the next event, each of shape (n,)."""

    front_iv: Floats
    front_mean: Floats
    ex_event_iv: Floats
    front_kink_points: Floats
    event_timing: Texts
    event_expirations: Floats
    days_to_event: Floats


def event_columns(events: EventVersions, curve: SlotVolatilities | None, history: History) -> EventColumns:
    """Return the next event of each bar of the evaluated session, and what the curve known then says about it.

    `curve` has the slots of the session and the last slots of the sessions before it, None where no event is near.
    """
    rows = len(history.bars)
    numbers = {
        name: np.full(rows, np.nan)
        for name in (
            "front_iv",
            "front_mean",
            "ex_event_iv",
            "front_kink_points",
            "event_expirations",
            "days_to_event",
        )
    }
    timing = np.full(rows, "", dtype="U16")
    for row in range(history.first_row, rows) if len(events) else ():
        at = clock.instant(int(history.at_ms[row]))
        coming = _coming(events, int(history.at_ms[row]), at)
        if not coming:
            continue
        today = sessions.new_york_date(at)
        numbers["days_to_event"][row] = (coming[0].day - today).days
        event = _confirmed(coming, history.calendar.following_close_ms)
        if event is None:
            continue
        timing[row] = event.timing
        found = None if curve is None else _around(curve, history, row, event.at)
        for name, value in (found or {}).items():
            numbers[name][row] = value
    return EventColumns(event_timing=timing, **numbers)


@dataclass(frozen=True, slots=True)
class Coming:
    """An event that is expected; `at` is the instant (aware, UTC) at which it is taken to happen."""

    day: dt.date
    timing: str
    at: dt.datetime
    is_confirmed: bool


def confirmed_event(events: EventVersions, at_ms: int, next_close_ms: int) -> Coming | None:
    """Return the next confirmed event up to the next session's close, as expected at an instant; both epoch ms."""
    return _confirmed(_coming(events, at_ms, clock.instant(at_ms)), next_close_ms)


def _confirmed(coming: list[Coming], next_close_ms: int) -> Coming | None:
    near = clock.instant(next_close_ms)
    return next((one for one in coming if one.is_confirmed and one.at <= near), None)


def _coming(events: EventVersions, at_ms: int, at: dt.datetime) -> list[Coming]:
    """Return the events that were expected at an instant and follow it, in their order."""
    expected = (events.known_at <= at_ms) & ~(events.withdrawn_at <= at_ms)
    found = []
    for place in np.flatnonzero(expected).tolist():
        day = dt.date.fromisoformat(str(events.date[place]))
        timing = str(events.timing[place])
        happens = event_at(day, timing)
        if happens > at:
            found.append(Coming(day, timing, happens, str(events.certainty[place]) == CONFIRMED))
    return sorted(found, key=lambda one: one.at)


def _around(
    curve: SlotVolatilities, history: History, row: int, event: dt.datetime
) -> dict[str, float] | None:
    """Return the volatilities around an event by the newest curve of the session that a bar may use."""
    at_ms, end_ms = int(history.at_ms[row]), int(history.end_ms[row])
    found = settlements(curve, int(history.calendar.open_ms[-1]), end_ms, at_ms)
    if found is None:
        return None
    rows, instants = found
    years = (instants - _seconds(clock.instant(at_ms))) / np.timedelta64(1, "s") / sessions.SECONDS_PER_YEAR
    after = instants > _seconds(event)
    volatility = curve.atm_volatility[rows]
    count = int(after.sum())
    enough = float((count >= 1 and count < len(rows)) or count >= 2)
    if not count:
        return {"event_expirations": enough}
    front = int(np.argmax(after))
    variance = from_expirations(volatility, years, after.astype(float)).event_variance
    without = without_events(volatility, years, after.astype(float), variance)
    return {
        "event_expirations": enough,
        "front_iv": float(volatility[front]),
        "ex_event_iv": float(without[front]),
        "front_mean": _mean_before(curve, history, int(rows[front])),
        "front_kink_points": float(kinks(years, volatility)[front]) if len(rows) > 1 else np.nan,
    }


def settlements(
    curve: SlotVolatilities, open_ms: int, end_ms: int, at_ms: int
) -> tuple[NDArray[np.intp], NDArray[np.datetime64]] | None:
    """Return the rows of the newest slot that a bar may use, and their settlements, by time; both (k,).

    The bar ends at `end_ms` in the session that opened at `open_ms` and is evaluated at `at_ms`. Settlements before
    that instant are left out. None without a slot.
    """
    usable = (curve.timestamp < end_ms) & (curve.known_at <= at_ms) & (curve.timestamp >= open_ms)
    if not usable.any():
        return None
    rows = np.flatnonzero(curve.timestamp == curve.timestamp[usable].max())
    instants = sessions.settlement_instants(curve.root[rows], curve.expiration[rows])
    order = np.argsort(instants, kind="stable")
    rows, instants = rows[order], instants[order]
    follows = instants > _seconds(clock.instant(at_ms))
    return rows[follows], instants[follows]


def _seconds(at: dt.datetime) -> np.datetime64:
    return np.datetime64(at.replace(tzinfo=None), "s")


def _mean_before(curve: SlotVolatilities, history: History, front: int) -> float:
    """Return the mean volatility of an expiration at the last slots of 21 sessions, NaN with fewer than 10."""
    same = (curve.expiration == curve.expiration[front]) & (curve.root == curve.root[front])
    same &= (curve.timestamp < history.calendar.open_ms[-1]) & ~np.isnan(curve.atm_volatility)
    same &= curve.known_at <= history.calendar.open_ms[-1]
    values = curve.atm_volatility[same]
    return float(values.mean()) if len(values) >= FEWEST_SESSIONS else np.nan
