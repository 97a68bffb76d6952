"""What must be known before the work can be planned: the underlying's bars, the contract lists, and the choice.

Some ten requests per symbol, remembered like all others: the plan that rests on them is exact, asking again is free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from ingestion.backfill.backfill_request import Table, Wish
from ingestion.backfill.contracts.cache import Lists, Remembered
from ingestion.backfill.contracts.fetch import listed_contracts
from ingestion.backfill.contracts.table import Listed
from ingestion.backfill.engine.clients import ONE_THREAD, Clients
from ingestion.backfill.engine.forked import Stop, forked
from ingestion.backfill.rebuild.option_bars import FRAME, FRAME_MS
from ingestion.backfill.selection import Selected, select
from ingestion.bars.breadth import year_before
from ingestion.bars.historical_bars import ensure_bars, historical_bars
from ingestion.daily.regime_inputs import NOT_THERE, VIX_RISE_SESSIONS
from provider.connection import Connect
from provider.transport import Traffic
from quant import sessions
from warehouse.models import WatchlistEntry
from warehouse.models.enums import Timeframe

_Found = TypeVar("_Found")
PROCESSES = 8  # they wait for the provider most of the time
_YEAR_OF_DAYS = ("SPY", "QQQ", "IWM")
_LEVELS = ("I:NDX", "I:RUT")
_VOLATILITIES = ("I:VIX", "I:VIX3M")


class Choice(NamedTuple):
    """The contracts there were, and those of them that the sessions want."""

    known: Remembered
    selected: Selected

    @property
    def listed(self) -> Listed:
        return self.known.listed

    def tickers(self, day: date) -> list[str]:
        """What one session wants, in ticker order."""
        return sorted(self.listed.ticker[self.selected.by_session[day]].tolist())


@dataclass(frozen=True, slots=True)
class Prepared:
    """One symbol and the choice of its contracts, None where no table needs any. `refused` says in one sentence why
    nothing of it can be had."""

    symbol: str
    choice: Choice | None = None
    without_bars: tuple[date, ...] = ()
    refused: str = ""


@dataclass(slots=True)
class Preparation:
    """Every symbol, and what the regime will do without."""

    symbols: list[Prepared] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def lists(self) -> Lists:
        """The contract lists that were read on the way."""
        found = Lists()
        for prepared in self.symbols:
            if prepared.choice is not None:
                found.hold(prepared.symbol, prepared.choice.known)
        return found


def prepare(wish: Wish, clients: Clients, say: Callable[[str], None], now_ms: int) -> Preparation:
    """Asks for what the plan rests on, some symbols at a time, in processes of their own: reading lists of hundreds of
    thousands of contracts keeps a processor busy. Call it in a process without other threads.

    Raises one of provider.errors where the provider fails; what was answered until then is remembered.
    """
    found, stopping = Preparation(), Stop()
    pool = forked(PROCESSES, partial(_begin, stopping))
    try:
        symbols = [pool.submit(_counted, _prepared, wish, entry, now_ms) for entry in wish.entries]
        series = [
            pool.submit(_counted, _series, ticker, frame, days, now_ms)
            for ticker, frame, days in (_regime_series(wish.sessions) if Table.REGIME in wish.tables else ())
        ]
        for number, one in enumerate(symbols, 1):
            prepared, traffic = one.result()
            clients.add(traffic)
            found.symbols.append(prepared)
            say(f"prepared {number} of {len(symbols)} symbols")
        for other in series:
            ticker, traffic = other.result()
            clients.add(traffic)
            found.missing += [ticker] if ticker else []
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)
    return found


# Of a child: by what it is stopped.
_stopping: list[Stop] = []


def _begin(stopping: Stop) -> None:
    stopping.leave_to_parent()
    _stopping.append(stopping)


def _counted(work: Callable[..., _Found], *arguments: object) -> tuple[_Found, Traffic]:
    """What the work of one piece found with a client of its own, and what that sent."""
    (stopping,) = _stopping
    clients = Clients(stopping, ONE_THREAD)
    try:
        return work(*arguments, clients.connect), clients.traffic
    finally:
        clients.close()


def _prepared(wish: Wish, entry: WatchlistEntry, now_ms: int, connect: Connect) -> Prepared:
    try:
        return _asked(wish, entry, now_ms, connect)
    except NOT_THERE as error:
        return Prepared(str(entry.symbol), refused=str(error))


def _asked(wish: Wish, entry: WatchlistEntry, now_ms: int, connect: Connect) -> Prepared:
    symbol, (first, last) = str(entry.symbol), (wish.sessions[0], wish.sessions[-1])
    if not wish.rebuilds and Table.FLOW not in wish.tables:
        return Prepared(symbol)
    bars = historical_bars(entry.provider_symbol, FRAME, first, last, now_ms, connect)
    prices = _prices(dict(zip(bars.start_ms.tolist(), bars.close.tolist(), strict=True)), wish)
    without = tuple(day for day, levels in prices.items() if not np.isfinite(levels).any())
    if len(without) == len(wish.sessions):
        return Prepared(symbol, without_bars=without, refused=f"{symbol} did not trade in these sessions.")
    known = listed_contracts(symbol, first, last, wish.depth.max_dte, now_ms, connect)
    selected = select(known.listed, prices, wish.sessions, wish.depth)
    return Prepared(symbol, Choice(known, selected), without)


def _prices(closes: dict[int, float], wish: Wish) -> dict[date, list[float]]:
    """The underlying at each wanted slot, by session; NaN where no bar ends there."""
    return {
        day: [closes.get(slot.at_ms - FRAME_MS, np.nan) for slot in wish.slots(day)] for day in wish.sessions
    }


def _regime_series(days: Sequence[date]) -> list[tuple[str, Timeframe, tuple[date, date]]]:
    """The series that the regime of all these sessions reads, each as one stretch."""
    first, last = days[0], days[-1]
    before = sessions.sessions(date(first.year - 1, first.month, 1), first)[-1 - VIX_RISE_SESSIONS]
    return [
        *((ticker, Timeframe.DAY, (year_before(first)[0], last)) for ticker in _YEAR_OF_DAYS),
        *((ticker, Timeframe.DAY, (first, last)) for ticker in _LEVELS),
        *((ticker, Timeframe.QUARTER_HOUR, (before, last)) for ticker in _VOLATILITIES),
    ]


def _series(ticker: str, frame: Timeframe, days: tuple[date, date], now_ms: int, connect: Connect) -> str:
    """Fetches one series; its name where the plan has none."""
    try:
        ensure_bars(ticker, frame, *days, now_ms, connect)
    except NOT_THERE:
        return ticker
    return ""
