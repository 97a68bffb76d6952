"""Moves that are added to the path of a symbol within a session, and the volume that comes with them.

A move begins at 0 at the open and ends with the session: the next one opens where it would have opened without it. So
no session depends on the moves of the sessions before.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from quant.sessions import close_of, open_of
from simulator.intraday.day_kinds import DayKind, day_kind, kind_move, kind_volume
from simulator.intraday.setups import INDICES, STOCKS, Setup, is_planted, setup_in, setup_of, with_burst
from simulator.market.keyed_random import Floats
from simulator.market.price_paths import TICK_SECONDS, Paths
from simulator.universe.instruments import INSTRUMENTS, find

_FULL_SECONDS = 23_400
_FULL_TICKS = _FULL_SECONDS // TICK_SECONDS


class Behaviour(NamedTuple):
    """What is added to the random walk.

    With `setups`, breakouts are planted. A planted one wins with the probability `win_rate`; when that is None, the
    price continues as a random walk. With `day_kinds` there are days with trends, reversals and opening drives, with
    `earnings` stocks announce them four times a year.
    """

    setups: bool = False
    win_rate: float | None = None
    day_kinds: bool = False
    earnings: bool = False


RANDOM_WALK = Behaviour()


class Moves:
    """The moves of one seeded world. They depend only on (seed, behaviour, symbol, date), and on what is planted."""

    def __init__(self, paths: Paths, behaviour: Behaviour) -> None:
        """Store the paths without moves, to which they are added."""
        self._behaviour = behaviour
        self._seed = paths.seed
        self._volatility = paths.day_volatility
        kinds = paths.moved(self._kind_move) if behaviour.day_kinds else paths
        self._before_setups = kinds
        self._setup_of = lru_cache(maxsize=4096)(self._scheduled)
        self._planted: dict[tuple[str, dt.date], Setup] = {}
        self.paths = kinds.moved(self._move)

    def day_kind(self, symbol: str, date: dt.date) -> DayKind | None:
        """Return the kind of a day of a symbol; None for a day without one, and without kinds of days."""
        leader = leader_of(symbol)
        if not self._behaviour.day_kinds or leader is None or not _is_full(date):
            return None
        if self._behaviour.setups and is_planted(leader, date):
            return None
        return day_kind(self._seed, leader, date)

    def closing_gain(self, symbol: str, date: dt.date) -> float:
        """Return what the logarithm of a session's close gains by its moves."""
        setup, leader = self.setup(symbol, date), leader_of(symbol)
        move = self._kind_move(leader, date) if leader is not None else None
        gain = 0.0 if move is None else float(move[-1])
        return gain if setup is None else gain + float(setup.gain[-1])

    def setup(self, symbol: str, date: dt.date) -> Setup | None:
        """Return the setup planted in the session of a symbol, or of the index it follows; None without one."""
        leader = leader_of(symbol)
        if leader is None or not _is_full(date):
            return None
        if (leader, date) in self._planted:
            return self._planted[leader, date]
        return self._setup_of(leader, date) if self._behaviour.setups and is_planted(leader, date) else None

    def plant(self, symbol: str, date: dt.date, bar: int, wins: bool | None) -> Setup:
        """Add a setup to the session of a symbol, or of the index it follows, and return it.

        Paths that were computed before do not contain it. Raises ValueError where it cannot be added.
        """
        leader = leader_of(symbol)
        if leader not in (*INDICES, *STOCKS):
            raise ValueError(
                f"{symbol} has no setups: name one of {', '.join((*INDICES, *STOCKS))} or their ETFs"
            )
        if not _is_full(date):
            raise ValueError(f"the session of {date} closes early")
        if self.setup(leader, date) is not None:
            raise ValueError(f"{leader} has a setup in the session of {date} already")
        setup = setup_in(self._before_setups, leader, date, bar, wins)
        if setup is None:
            raise ValueError(f"{leader} is split on {date}")
        self._planted[leader, date] = setup
        return setup

    def _scheduled(self, leader: str, date: dt.date) -> Setup | None:
        return setup_of(self._before_setups, leader, date, self._behaviour.win_rate)

    def _kind_move(self, symbol: str, date: dt.date) -> Floats | None:
        if symbol != leader_of(symbol):
            return None
        kind = self.day_kind(symbol, date)
        return None if kind is None else kind_move(kind, symbol, date, self._volatility())

    def _move(self, symbol: str, date: dt.date) -> Floats | None:
        if symbol != leader_of(symbol):
            return None
        setup, kind = self.setup(symbol, date), self._kind_move(symbol, date)
        if setup is None:
            return kind
        return setup.move(_FULL_TICKS) if kind is None else kind + setup.move(_FULL_TICKS)

    def volume(self, symbol: str, date: dt.date, volume: Floats, usual: Floats) -> Floats:
        """Return the shares per minute of a session with the unusual volume of its moves.

        `volume` is that without moves and `usual` its mean over sessions, both of shape (minutes,).
        """
        setup, kind = self.setup(symbol, date), self.day_kind(symbol, date)
        found = volume if kind is None else np.ceil(volume * kind_volume(kind, len(volume)))
        return found if setup is None else with_burst(setup, found, usual)


def leader_of(symbol: str) -> str | None:
    """Return the symbol whose moves a symbol has: that of its index, its own, or None if it has no moves.

    Only symbols with options, and those that follow the same index, have moves.
    """
    instrument = find(symbol)
    leader = None if instrument is None else instrument.tracks or symbol
    return leader if leader in INSTRUMENTS else None


def _is_full(date: dt.date) -> bool:
    return int(close_of(date).timestamp() - open_of(date).timestamp()) == _FULL_SECONDS
