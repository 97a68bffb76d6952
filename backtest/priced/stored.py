"""What is stored of the contracts of one symbol, read as far as a backtest may, and remembered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from backtest.simulation.fingerprint import Fingerprint
from ingestion.bars.bar_times import FETCHED
from quant.chain import Floats
from quant.sessions import MINUTE_MS
from warehouse.asof import bars, chain, corporate_actions, expiration_curve
from warehouse.asof.chain import ChainVolatility
from warehouse.asof.corporate_actions import Split
from warehouse.asof.expiration_curve import ExpirationCurve
from warehouse.asof.options import snapshots
from warehouse.asof.options.snapshots import ContractSlots
from warehouse.asof.rows import Times, picked
from warehouse.market_days import MarketDays
from warehouse.models.enums import Timeframe

LENGTHS = {frame: FETCHED[frame][0] * MINUTE_MS for frame in (Timeframe.MINUTE, Timeframe.FIVE_MINUTES)}


@dataclass(frozen=True, slots=True)
class OptionBars:
    """Bars of a contract of one length in which it traded, oldest first, shape (n,); `length_ms` is their length."""

    length_ms: int
    start_ms: Times
    open: Floats
    close: Floats


@dataclass
class StoredOptions:
    """Reads contracts of a symbol; no row that was known after `until_ms`, None for any.

    What decides a price is added to `fingerprint` in the order in which it is read, so that it names the stored data.
    """

    symbol: str
    market: MarketDays
    until_ms: int | None
    fingerprint: Fingerprint
    _names: dict[int, list[str]] = field(default_factory=dict)
    _chains: dict[tuple[int, str], ChainVolatility] = field(default_factory=dict)
    _curves: dict[int, ExpirationCurve] = field(default_factory=dict)

    def newest_slot(self, day: dt.date, at_ms: int) -> int | None:
        """Return the newest slot of a session and the one before whose chain was known at an instant of the session."""
        first_ms = self.market.hours_ms(self.market.before(day, 1))[0]
        slot = snapshots.newest_known(self.symbol, first_ms, self._until(at_ms))
        self.fingerprint.add_value(slot)
        return slot

    def expirations(self, slot_ms: int) -> list[str]:
        """Return the expirations of a slot's chain as the common beginnings of their tickers, O:SPXW261218."""
        if slot_ms not in self._names:
            self._names[slot_ms] = chain.expirations(self.symbol, slot_ms).tolist()
        return self._names[slot_ms]

    def contracts(self, slot_ms: int, expiration: str) -> ChainVolatility:
        """Return the contracts of an expiration at a slot."""
        key = slot_ms, expiration
        if key not in self._chains:
            self._chains[key] = chain.read_expirations(self.symbol, slot_ms, [expiration], ChainVolatility)
            self.fingerprint.add_value(self._chains[key])
        return self._chains[key]

    def curve(self, slot_ms: int) -> ExpirationCurve:
        """Return forwards and rates of a slot's chain."""
        if slot_ms not in self._curves:
            self._curves[slot_ms] = expiration_curve.read(self.symbol, slot_ms)
            self.fingerprint.add_value(self._curves[slot_ms])
        return self._curves[slot_ms]

    def snapshots(self, ticker: str, day: dt.date, at_ms: int) -> ContractSlots:
        """Return a contract at the slots of a session and of the one before, up to an instant of the session."""
        slots = [*self.market.slots_ms(self.market.before(day, 1)), *self.market.slots_ms(day)]
        found = snapshots.of_contract(self.symbol, ticker, slots)
        rows = found.timestamp <= at_ms
        if self.until_ms is not None:
            rows &= found.known_at <= self.until_ms
        found = picked(found, rows)
        self.fingerprint.add_value(found)
        return found

    def bars(self, ticker: str, day: dt.date) -> list[OptionBars]:
        """Return the bars of a contract in a session, those of one minute before those of five."""
        open_ms, close_ms = self.market.hours_ms(day)
        found = []
        for frame, length_ms in LENGTHS.items():
            names = ("open", "close", "known_at")
            read = bars.read_many([ticker], frame, open_ms, close_ms - 1, names)
            known = read.numbers["known_at"] <= (np.inf if self.until_ms is None else self.until_ms)
            columns = (read.start_ms[known], read.numbers["open"][known], read.numbers["close"][known])
            found.append(OptionBars(length_ms, *columns))
        self.fingerprint.add_value(tuple(found))
        return found

    @cached_property
    def _splits(self) -> tuple[Split, ...]:
        return corporate_actions.splits_of([self.symbol], dt.date.min, dt.date.max).get(self.symbol, ())

    def is_split(self, after: dt.date, until: dt.date) -> bool:
        """Return whether the underlying was split after one date until another, the latter included."""
        return any(after < one.ex_date <= until for one in self._splits)

    def _until(self, at_ms: int) -> int:
        return at_ms if self.until_ms is None else min(at_ms, self.until_ms)
