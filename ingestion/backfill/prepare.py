"""What must be known before the work can be planned: the underlying's bars, the contract lists, and the choice.

Some ten requests per symbol, remembered like all others: the plan that rests on them is exact, asking again is free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

import numpy as np
from django.db import connection

from ingestion.backfill.clients import Clients
from ingestion.backfill.listed import Listed
from ingestion.backfill.listing import Lists, listed_contracts
from ingestion.backfill.option_bars import FRAME, FRAME_MS
from ingestion.backfill.selection import Selected, select
from ingestion.backfill.stages import Connect
from ingestion.backfill.wish import Table, Wish
from ingestion.bars import ensure_bars, historical_bars
from ingestion.breadth import year_before
from ingestion.regime_inputs import NOT_THERE, VIX_RISE_SESSIONS
from quant import sessions
from warehouse.models import WatchlistEntry
from warehouse.models.enums import Timeframe

FETCHERS = 8
_YEAR_OF_DAYS = ("SPY", "QQQ", "IWM")
_LEVELS = ("I:NDX", "I:RUT")
_VOLATILITIES = ("I:VIX", "I:VIX3M")
_Found = TypeVar("_Found")


class Choice(NamedTuple):
    """The contracts there were, and those of them that the sessions want."""

    listed: Listed
    selected: Selected

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
    """Every symbol, what the regime will do without, and the contract lists that were read on the way."""

    symbols: list[Prepared] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    lists: Lists = field(default_factory=Lists)


def prepare(wish: Wish, clients: Clients, say: Callable[[str], None]) -> Preparation:
    """Asks for what the plan rests on, some symbols at a time. Raises one of provider.errors where the provider
    fails; what was answered until then is remembered."""
    found, connect = Preparation(), clients.connect
    with ThreadPoolExecutor(FETCHERS, thread_name_prefix="prepare") as pool:
        symbols = [
            pool.submit(_closing, _prepared, wish, entry, connect, found.lists) for entry in wish.entries
        ]
        series: list[Future[str]] = []
        if Table.REGIME in wish.tables:
            series = [
                pool.submit(_closing, _series, ticker, frame, days, connect)
                for ticker, frame, days in _regime_series(wish.sessions)
            ]
        try:
            for number, prepared in enumerate(symbols, 1):
                found.symbols.append(prepared.result())
                say(f"prepared {number} of {len(symbols)} symbols")
            found.missing = [ticker for one in series if (ticker := one.result())]
        except BaseException:
            clients.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def _closing(work: Callable[..., _Found], *arguments: object) -> _Found:
    """The pool's threads end with it, and their database sessions must not outlive them."""
    try:
        return work(*arguments)
    finally:
        connection.close()


def _prepared(wish: Wish, entry: WatchlistEntry, connect: Connect, lists: Lists) -> Prepared:
    try:
        return _asked(wish, entry, connect, lists)
    except NOT_THERE as error:
        return Prepared(str(entry.symbol), refused=str(error))


def _asked(wish: Wish, entry: WatchlistEntry, connect: Connect, lists: Lists) -> Prepared:
    symbol, (first, last) = str(entry.symbol), (wish.sessions[0], wish.sessions[-1])
    if not wish.rebuilds and Table.FLOW not in wish.tables:
        return Prepared(symbol)
    bars = historical_bars(entry.provider_symbol, FRAME, first, last, connect)
    prices = _prices(dict(zip(bars.start_ms.tolist(), bars.close.tolist(), strict=True)), wish)
    without = tuple(day for day, levels in prices.items() if not np.isfinite(levels).any())
    if len(without) == len(wish.sessions):
        return Prepared(symbol, without_bars=without, refused=f"{symbol} did not trade in these sessions.")
    listed = listed_contracts(symbol, first, last, wish.depth.max_dte, connect, lists)
    return Prepared(symbol, Choice(listed, select(listed, prices, wish.sessions, wish.depth)), without)


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


def _series(ticker: str, frame: Timeframe, days: tuple[date, date], connect: Connect) -> str:
    """Fetches one series; its name where the plan has none."""
    try:
        ensure_bars(ticker, frame, *days, connect)
    except NOT_THERE:
        return ticker
    return ""
