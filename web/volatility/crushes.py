"""Volatility of the first expiration after recent events of a symbol, before and after them."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np

from quant import sessions
from quant.sessions import DAY_MS, new_york_date
from quant.volatility.event_crush import CRUSHED, IvCrush, iv_crush
from quant.volatility.event_times import event_hours
from warehouse import clock
from warehouse.asof import chain, expiration_curve, iv
from warehouse.asof.expiration_curve import ExpirationCurve
from web import formats

WATCHED = dt.timedelta(days=7)  # after the event
_REACH_MS = 5 * DAY_MS  # of the last chain before it, over a long weekend


class Crush(NamedTuple):
    """State of one event: a word of pages, whether the volatility fell as after an event, and one sentence."""

    event: str
    word: str
    is_crushed: bool
    text: str


class NextEvent(NamedTuple):
    """The next event that is expected, as text, and its calendar days from now."""

    text: str
    days: int

    @property
    def when(self) -> str:
        """Return the days in words."""
        return "today" if self.days == 0 else "in 1 day" if self.days == 1 else f"in {self.days} days"


def read_events(symbol: str, at_ms: int) -> tuple[NextEvent | None, list[Crush]]:
    """Return the next event, and the watch list of the events of the last week, oldest first, known at `at_ms`.

    Called inside `asof.at`. Events of the whole market are those of every symbol.
    """
    today = new_york_date(clock.instant(at_ms))
    known = iv.events(symbol, today - WATCHED, at_ms)
    following: NextEvent | None = None
    crushes = []
    for kind, day, timing in zip(
        known.kind.tolist(), known.date.tolist(), known.timing.tolist(), strict=True
    ):
        starts, ends = (clock.epoch_ms(at) for at in event_hours(day, timing))
        name = f"{formats.words(kind)} {day:%a %-d %b}"
        if starts > at_ms:
            following = following or NextEvent(name, (day - today).days)
        else:
            crushes.append(_crush(symbol, name, starts, ends, at_ms))
    return following, crushes


def _crush(symbol: str, name: str, starts_ms: int, ends_ms: int, at_ms: int) -> Crush:
    before = chain.newest_slot(symbol, starts_ms - _REACH_MS, starts_ms - 1)
    after = chain.newest_slot(symbol, ends_ms, at_ms)
    if before is None or after is None:
        return Crush(
            name, "WAITING", False, "no chain " + ("before it" if before is None else "after it yet")
        )
    found = _of_front(symbol, before.timestamp, after.timestamp, ends_ms)
    if found is None:
        return Crush(name, "NO DATA", False, "no expiration after it has a volatility before and after")
    expiration, crush = found
    text = (
        f"{expiration:%-d %b}: {formats.percent(crush.before, 1)} to {formats.percent(crush.after, 1)},"
        f" {formats.number(crush.change_pct, 0, sign=True)} %"
    )
    if np.isfinite(crush.expected):
        text += f"; {formats.percent(crush.expected, 1)} expected without the event"
    return Crush(name, crush.word.replace("_", " ").upper(), crush.word == CRUSHED, text)


def _of_front(symbol: str, before_ms: int, after_ms: int, event_ms: int) -> tuple[dt.date, IvCrush] | None:
    """Return the first expiration that settles after the event and has a volatility in both chains."""
    curves = [expiration_curve.read(symbol, slot) for slot in (before_ms, after_ms)]
    earlier, later = (_levels(curve) for curve in curves)
    both = sorted(
        (sessions.settlement_instant(root, day), root, day) for root, day in earlier.keys() & later.keys()
    )
    for settles, root, day in both:
        if clock.epoch_ms(settles) > max(event_ms, after_ms):
            years = float(sessions.years_to_expiry([root], [day], clock.instant(before_ms))[0])
            known = iv.term(symbol, before_ms - _REACH_MS, before_ms)
            move = float(known.implied_move[-1]) if len(known) else np.nan
            return day, iv_crush(earlier[root, day], later[root, day], years, move**2)
    return None


def _levels(curve: ExpirationCurve) -> dict[tuple[str, dt.date], float]:
    rows = np.flatnonzero(curve.atm_volatility > 0).tolist()
    roots, days = curve.root.tolist(), curve.expiration.tolist()
    return {(roots[n], days[n]): float(curve.atm_volatility[n]) for n in rows}
