"""The state of one simulator: a market, optionally a recorded chain, a clock and a plan."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict

import numpy as np
from starlette.concurrency import run_in_threadpool

from quant.contracts import parse_tickers
from quant.sessions import NEW_YORK, is_open, market_now, open_of, previous_session, sessions
from quant.sessions import close_of as session_close
from simulator.intraday.moves import RANDOM_WALK, Behaviour
from simulator.intraday.setups import BAR_TICKS, EARLIEST_BAR, LAST_BAR, Setup
from simulator.market.bar_store import BarStore
from simulator.market.chain_table import ChainTable
from simulator.market.listing import Listing
from simulator.market.market import SyntheticMarket
from simulator.market.price_paths import TICK_SECONDS
from simulator.market.synthetic_chain import synthetic_chain
from simulator.recorded.chain import recorded_chain
from simulator.recorded.quote_table import Recording
from simulator.rest.plans import Plan
from simulator.stream.trade_log import TradeLog
from simulator.universe.indices import INDICES
from simulator.universe.instruments import INDEX_NAMES, INSTRUMENTS, find
from simulator.universe.payouts import Dividend

_TABLES_KEPT = 16
_PLANTED_AHEAD_SECONDS = 10  # before the bar, so that no price of it has been sent
BAR_SECONDS = BAR_TICKS * TICK_SECONDS
_LONGEST_NOTICE_DAYS = 60
OLDEST_SESSION = dt.date(2012, 1, 3)  # of bars and dividends


class World:
    """The state behind the endpoints.

    It is constant, except that control endpoints change `clock_offset_ms` and plant setups, and the stream appends to
    `trade_log`.
    """

    def __init__(
        self,
        seed: int,
        plan: Plan,
        clock_offset_ms: int = 0,
        recording: Recording | None = None,
        strike_spacing: int = 1,
        behaviour: Behaviour = RANDOM_WALK,
    ) -> None:
        self.seed = seed
        self.plan = plan
        self.clock_offset_ms = clock_offset_ms
        self.recording = recording
        self.recorded = recorded_chain(recording) if recording else None
        anchors = {}
        if recording and find(recording.symbol):
            anchors[recording.symbol] = (recording.stamp, recording.spot)
        self.market = SyntheticMarket(seed, anchors, strike_spacing, behaviour)
        self.indices = _served_indices(recording)
        self.bars = BarStore(self.market, frozenset(self.indices))
        self.trade_log = TradeLog()
        self._tables: OrderedDict[tuple[str, int], ChainTable] = OrderedDict()
        self._building = asyncio.Lock()

    def now(self) -> dt.datetime:
        """Return the current instant of this world, UTC."""
        return market_now(self.clock_offset_ms)

    def data_instant(self) -> dt.datetime:
        """Return the instant whose data the plan shows now: 15 minutes ago on delayed plans."""
        return self.now() - dt.timedelta(seconds=self.plan.delay_seconds)

    def chain_second(self) -> int:
        """Return the instant of a chain requested now (epoch seconds). Chains change every minute."""
        return int(self.data_instant().timestamp()) // 60 * 60

    def option_symbol(self, provider_ticker: str) -> str | None:
        """Return the underlying of a chain path, or None. Indices are found by prefixed ticker only."""
        if self.recorded is not None and provider_ticker == self.recorded.provider_ticker:
            return self.recorded.symbol
        symbol = provider_ticker.removeprefix("I:")
        instrument = INSTRUMENTS.get(symbol)
        if instrument is None or instrument.options is None or instrument.ticker != provider_ticker:
            return None
        return symbol

    def knows(self, ticker: str) -> bool:
        """Return whether a ticker exists: of an index, ETF, stock or contract."""
        return self.bars.knows(ticker) or (
            self.recorded is not None and self.recorded.find(ticker) is not None
        )

    def contract_symbol(self, ticker: str) -> str | None:
        """Return the underlying of a contract ticker, or None when its root is unknown."""
        if self.recorded is not None and self.recorded.find(ticker) is not None:
            return self.recorded.symbol
        return self.bars.underlying(ticker)

    async def chain(self, symbol: str, epoch_second: int) -> ChainTable:
        """Return the chain of a symbol at an instant; for the recorded symbol always the recorded chain.

        A chain is computed once per (symbol, instant), outside the event loop; later pages use the cached one.
        """
        if self.recorded is not None and symbol == self.recorded.symbol:
            return self.recorded
        key = (symbol, epoch_second)
        async with self._building:
            table = self._tables.get(key)
            if table is None:
                table = await run_in_threadpool(self._chain, symbol, epoch_second)
                self._tables[key] = table
                while len(self._tables) > _TABLES_KEPT:
                    self._tables.popitem(last=False)
            self._tables.move_to_end(key)
        return table

    def _chain(self, symbol: str, epoch_second: int) -> ChainTable:
        table = synthetic_chain(self.market, symbol, dt.datetime.fromtimestamp(epoch_second, dt.UTC))
        return self.trade_log.volume.on(table, epoch_second)

    def recorded_listing(self) -> Listing:
        """Return the contracts of the recorded chain as a contract list."""
        table = self.recorded
        if table is None:
            raise LookupError("no recorded chain is served")
        contracts = parse_tickers(table.ticker)
        always = np.full(len(table), np.datetime64("2000-01-01", "D"))
        keys = np.arange(len(table), dtype=np.uint64)
        return Listing(table.ticker, *contracts, always, keys)

    def spot(self, symbol: str, instant: dt.datetime) -> float:
        """Return the level of a symbol, the recorded one for the underlying of the recorded chain."""
        if self.recorded is not None and symbol == self.recorded.symbol:
            return self.recorded.spot
        return self.market.spot(symbol, instant)

    def declared_dividends(self, today: dt.date) -> list[Dividend]:
        """Return the cash dividends declared until a date, of all symbols, with ex-dates since `OLDEST_SESSION`.

        A recorded chain's symbol has the dividends of the file beside the chain and none of the simulated ones, because
        its quotes contain the real ones.
        """
        last = today + dt.timedelta(days=_LONGEST_NOTICE_DAYS)
        own = self.recording.symbol if self.recording else None
        found = [
            dividend
            for symbol in INSTRUMENTS
            if symbol != own
            for dividend in self.market.dividends(symbol, OLDEST_SESSION, last)
        ]
        if self.recording:
            found += [
                # Without a date in the file they were declared before the recording, whose quotes contain them.
                Dividend(
                    self.recording.symbol,
                    one.amount,
                    one.declared or min(self.recording.stamp.date(), one.ex_date) - dt.timedelta(days=1),
                    one.ex_date,
                )
                for one in self.recording.dividends
            ]
        return [one for one in found if one.declared is None or one.declared <= today]

    def plant(self, symbol: str, bar: int | None, wins: bool | None) -> Setup:
        """Plant a setup in a coming bar of the present session, the next one without `bar`, and return it.

        `wins` decides its end, None leaves it to the random walk. Raises ValueError where it cannot be planted.
        """
        now = self.now()
        if not is_open(now):
            raise ValueError("a setup is planted while the exchange is open")
        date = now.astimezone(NEW_YORK).date()
        begun = int((now - open_of(date)).total_seconds() + _PLANTED_AHEAD_SECONDS) // BAR_SECONDS
        bar = max(begun + 1, EARLIEST_BAR) if bar is None else bar
        if not max(begun + 1, EARLIEST_BAR) <= bar <= LAST_BAR:
            raise ValueError(
                f"bar must be one of {max(begun + 1, EARLIEST_BAR)} to {LAST_BAR}, counted from 0"
            )
        setup = self.market.plant(symbol, date, bar, wins)
        self.bars.forget()
        return setup

    def market_status(self) -> str:
        """Return `open` or `closed`, according to the session calendar."""
        return "open" if is_open(self.now()) else "closed"


def _served_indices(recording: Recording | None) -> dict[str, str]:
    """Return the names of the served indices by symbol, with that of a recorded chain."""
    symbol = recording.symbol if recording else ""
    return INDEX_NAMES | ({symbol: INDICES[symbol].name} if symbol in INDICES else {})


def recording_offset_ms(recording: Recording, now: dt.datetime) -> int:
    """Return the clock offset at which a recording is served, in milliseconds.

    The market's clock is then the recording's stamp, or the close of the session before it when the stamp is outside
    a session.
    """
    instant = recording.stamp
    if not is_open(instant):
        date = instant.date()
        while not sessions(date, date) or session_close(date) > instant:
            date = previous_session(date)
        instant = session_close(date)
    return round((instant - now) / dt.timedelta(milliseconds=1))
