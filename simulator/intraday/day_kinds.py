"""Kinds of days: trends, reversals and opening drives, each with unusual volume.

Of all full sessions 20 % have a trend, 15 % a reversal and 10 % an opening drive, drawn for each symbol and session.
Sizes are in standard deviations of the symbol's daily return.

    trend          1.2 from the 30th minute to the close; volume 1.5 times the usual from then on
    reversal       1.2 until the turn between the 120th and the 240th minute, and back by the close; volume twice the
                   usual in the 30 minutes around the turn
    opening drive  0.6 in the first 15 minutes and 0.3 in the next 15; volume 2.5 times the usual in these
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np

from simulator.market.keyed_random import Floats, generator
from simulator.market.price_paths import TICK_SECONDS, weekday_number
from simulator.universe.instruments import INSTRUMENTS

_MIXTURE = (("trend", 0.20), ("reversal", 0.15), ("opening drive", 0.10))
_MINUTES = 390
_PER_MINUTE = 60 // TICK_SECONDS


class DayKind(NamedTuple):
    """The kind of a day: `side` is 1 for a move that first rises and -1 for one that falls; `turn` is a minute."""

    kind: str
    side: int
    turn: int


def day_kind(seed: int, symbol: str, date: dt.date) -> DayKind | None:
    """Return the kind of a full session of a symbol, None for a session that has none."""
    rng = generator(seed, "day kind", symbol, date)
    drawn, side, turn = rng.random(), 1 if rng.random() < 0.5 else -1, int(rng.integers(120, 241))
    until = 0.0
    for name, share in _MIXTURE:
        until += share
        if drawn < until:
            return DayKind(name, side, turn)
    return None


def kind_move(kind: DayKind, symbol: str, date: dt.date, volatility: Floats) -> Floats:
    """Return what the log path gains, one value per tick of 5 seconds. `volatility` is that of `Paths`."""
    minutes, sizes = {
        "trend": ((0, 30, _MINUTES), (0.0, 0.0, 1.2)),
        "reversal": ((0, kind.turn, _MINUTES), (0.0, 1.2, 0.0)),
        "opening drive": ((0, 15, 30, _MINUTES), (0.0, 0.6, 0.9, 0.9)),
    }[kind.kind]
    instrument = INSTRUMENTS[symbol]
    loading = np.sqrt(sum(one**2 for one in instrument.loadings.values()) + instrument.own**2)
    unit = kind.side * loading * volatility[weekday_number(date)]
    ticks = np.arange(_MINUTES * _PER_MINUTE + 1) / _PER_MINUTE
    return np.asarray(unit * np.interp(ticks, minutes, sizes))


def kind_volume(kind: DayKind, minutes: int) -> Floats:
    """Return the factor of the usual volume in each minute of the session."""
    first, last, factor = {
        "trend": (30, minutes, 1.5),
        "reversal": (kind.turn - 15, kind.turn + 15, 2.0),
        "opening drive": (0, 30, 2.5),
    }[kind.kind]
    minute = np.arange(minutes)
    return np.where((minute >= first) & (minute < last), factor, 1.0)
