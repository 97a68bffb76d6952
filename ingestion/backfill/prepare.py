"""Preparation of a backfill: bars and dividends of the underlyings, contract lists, the selection of contracts.

It takes about ten requests per symbol. Their answers are stored like all others, so the plan made from them is exact,
and preparing again needs no request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from ingestion.backfill.backfill_request import BackfillRequest, Table
from ingestion.backfill.contracts.cache import CachedContracts, ContractListCache
from ingestion.backfill.contracts.fetch import listed_contracts
from ingestion.backfill.contracts.table import ContractTable
from ingestion.backfill.engine.clients import ONE_THREAD, Clients
from ingestion.backfill.engine.forked import StopPipe, forked_pool
from ingestion.backfill.rebuild.option_bars import FRAME, FRAME_MS
from ingestion.backfill.selection import SelectedContracts, select
from ingestion.bars.bar_times import range_ms
from ingestion.bars.breadth import year_before
from ingestion.bars.historical_bars import ensure_bars
from ingestion.daily.corporate_actions import fetch_dividends, fetch_splits
from ingestion.daily.regime_inputs import NOT_THERE, VIX_RISE_SESSIONS
from provider.connection import Connect
from provider.transport import Traffic
from quant import sessions
from warehouse.asof import bars
from warehouse.models import WatchlistEntry
from warehouse.models.enums import Timeframe, UnderlyingKind

_Result = TypeVar("_Result")
PROCESSES = 8  # they wait for the provider most of the time
_YEAR_OF_DAYS = ("SPY", "QQQ", "IWM")
_LEVELS = ("I:NDX", "I:RUT", "I:VIX")
_VOLATILITIES = ("I:VIX", "I:VIX3M")


class ContractSelection(NamedTuple):
    """The contracts that were listed, and those of them that the sessions need."""

    known: CachedContracts
    selected: SelectedContracts

    @property
    def table(self) -> ContractTable:
        """All contracts that were listed."""
        return self.known.table

    def tickers(self, session: date) -> list[str]:
        """Return the contract tickers that one session needs, in ascending order."""
        return sorted(self.table.ticker[self.selected.by_session[session]].tolist())


@dataclass(frozen=True, slots=True)
class PreparedSymbol:
    """One symbol and its contracts, None if no requested table needs any.

    `error` is one sentence if nothing of the symbol can be rebuilt.
    """

    symbol: str
    contracts: ContractSelection | None = None
    sessions_without_bars: tuple[date, ...] = ()
    error: str = ""


@dataclass(slots=True)
class PreparedData:
    """All symbols, and the tickers of the series that the provider does not have for the regime."""

    symbols: list[PreparedSymbol] = field(default_factory=list)
    missing_series: list[str] = field(default_factory=list)

    def contract_lists(self) -> ContractListCache:
        """Return a cache with the contract lists that were read."""
        cache = ContractListCache()
        for prepared in self.symbols:
            if prepared.contracts is not None:
                cache.put(prepared.symbol, prepared.contracts.known)
        return cache


def prepare(
    request: BackfillRequest, clients: Clients, report: Callable[[str], None], now_ms: int
) -> PreparedData:
    """Fetch what the plan needs, several symbols at a time, and call `report` after each symbol.

    The symbols are prepared in child processes, because reading lists of hundreds of thousands of contracts keeps a
    processor busy. Call it in a process without other threads. Raises one of provider.errors when the provider fails;
    answers received until then are kept.
    """
    result, stopping = PreparedData(), StopPipe()
    pool = forked_pool(PROCESSES, partial(_initialize, stopping))
    try:
        # First, because bars are adjusted by them on reading.
        _, traffic = pool.submit(_with_traffic, fetch_splits, now_ms).result()
        clients.add_traffic(traffic)
        symbols = [
            pool.submit(_with_traffic, _prepare_symbol, request, entry, now_ms) for entry in request.entries
        ]
        series = [
            pool.submit(_with_traffic, _fetch_series, ticker, frame, days, now_ms)
            for ticker, frame, days in (
                _regime_series(request.sessions) if Table.REGIME in request.tables else ()
            )
        ]
        for number, symbol in enumerate(symbols, 1):
            prepared, traffic = symbol.result()
            clients.add_traffic(traffic)
            result.symbols.append(prepared)
            report(f"prepared {number} of {len(symbols)} symbols")
        for one in series:
            missing, traffic = one.result()
            clients.add_traffic(traffic)
            result.missing_series += [missing] if missing else []
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)
    return result


# In a child process: the event that stops it.
_stopping: list[StopPipe] = []


def _initialize(stopping: StopPipe) -> None:
    stopping.close_writer()
    _stopping.append(stopping)


def _with_traffic(function: Callable[..., _Result], *arguments: object) -> tuple[_Result, Traffic]:
    """Call a function with a client of its own; return its result and what the client sent."""
    (stopping,) = _stopping
    clients = Clients(stopping, ONE_THREAD)
    try:
        return function(*arguments, clients.connect), clients.traffic
    finally:
        clients.close()


def _prepare_symbol(
    request: BackfillRequest, entry: WatchlistEntry, now_ms: int, connect: Connect
) -> PreparedSymbol:
    try:
        return _fetch_symbol(request, entry, now_ms, connect)
    except NOT_THERE as error:
        return PreparedSymbol(str(entry.symbol), error=str(error))


def _fetch_symbol(
    request: BackfillRequest, entry: WatchlistEntry, now_ms: int, connect: Connect
) -> PreparedSymbol:
    symbol, (first, last) = str(entry.symbol), (request.sessions[0], request.sessions[-1])
    if not request.rebuilds_chains and Table.FLOW not in request.tables:
        return PreparedSymbol(symbol)
    if entry.kind != UnderlyingKind.INDEX:
        fetch_dividends([symbol], now_ms, connect)
    ensure_bars(entry.provider_symbol, FRAME, first, last, now_ms, connect)
    stored = bars.read(symbol, FRAME, *range_ms(first, last))
    prices = _prices(dict(zip(stored.start_ms.tolist(), stored.close.tolist(), strict=True)), request)
    without_bars = tuple(day for day, at_slots in prices.items() if not np.isfinite(at_slots).any())
    if len(without_bars) == len(request.sessions):
        error = f"{symbol} did not trade in these sessions."
        return PreparedSymbol(symbol, sessions_without_bars=without_bars, error=error)
    known = listed_contracts(symbol, first, last, request.depth.max_dte, now_ms, connect)
    selected = select(known.table, prices, request.sessions, request.depth)
    return PreparedSymbol(symbol, ContractSelection(known, selected), without_bars)


def _prices(closes: dict[int, float], request: BackfillRequest) -> dict[date, list[float]]:
    """Return the underlying's price at each requested slot, by session; NaN where no bar ends at the slot."""
    return {
        day: [closes.get(slot.at_ms - FRAME_MS, np.nan) for slot in request.slots(day)]
        for day in request.sessions
    }


def _regime_series(days: Sequence[date]) -> list[tuple[str, Timeframe, tuple[date, date]]]:
    """Return the series that the regimes of all these sessions read, each as one range of dates."""
    first, last = days[0], days[-1]
    before = sessions.sessions(date(first.year - 1, first.month, 1), first)[-1 - VIX_RISE_SESSIONS]
    return [
        *((ticker, Timeframe.DAY, (year_before(first)[0], last)) for ticker in _YEAR_OF_DAYS),
        *((ticker, Timeframe.DAY, (first, last)) for ticker in _LEVELS),
        *((ticker, Timeframe.QUARTER_HOUR, (before, last)) for ticker in _VOLATILITIES),
    ]


def _fetch_series(
    ticker: str, frame: Timeframe, days: tuple[date, date], now_ms: int, connect: Connect
) -> str:
    """Fetch one series; return its ticker if the plan does not include it, else ''."""
    try:
        ensure_bars(ticker, frame, *days, now_ms, connect)
    except NOT_THERE:
        return ticker
    return ""
