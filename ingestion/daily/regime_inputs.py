"""Inputs of the market regime as of one session's close."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from ingestion.bars import breadth as breadth_module
from ingestion.bars.bar_times import close_ms, midnight_ms, range_ms
from ingestion.bars.breadth import Breadth
from ingestion.bars.historical_bars import ensure_bars
from ingestion.daily.put_call import PutCall, read_put_call
from ingestion.daily.vix_close import TICKER as VIX_TICKER
from ingestion.daily.vix_close import vix_of
from provider.connection import Connect
from provider.errors import NotEntitled, NotFound
from provider.symbols import bare
from quant.chain import Floats
from quant.market import indicators
from quant.market.market_regime import IndexBars
from warehouse.asof import adjusted_bars
from warehouse.asof import regime as regime_reader
from warehouse.asof.bars import Bars
from warehouse.models.enums import Timeframe, VixSource

Connect = Connect
ReadBars = Callable[[str, str, date, date, int, Connect], Bars]

NOT_THERE = (NotEntitled, NotFound)  # errors after which the input counts as missing
QUARTER_HOUR_MS = 15 * 60 * 1000
VIX_RISE_SESSIONS = 5
SNAPSHOT_WITHIN = timedelta(minutes=30)  # after the close; a later snapshot may show a later level
_INDEX_COLUMNS = {
    "VIX": "vix_level",
    "VIX3M": "vix3m_level",
    "NDX": "ndx_close",
    "RUT": "rut_close",
}


def ensured_bars(ticker: str, timeframe: str, first: date, last: date, now_ms: int, connect: Connect) -> Bars:
    """Fetch the missing bars of the sessions from `first` to `last`, then return the stored ones.

    They are adjusted for the splits that were known at the close of `last`. Raises what
    `ingestion.bars.historical_bars.ensure_bars` raises.
    """
    ensure_bars(ticker, timeframe, first, last, now_ms, connect)
    return stored_bars(ticker, timeframe, first, last)


def stored_bars(ticker: str, timeframe: str, first: date, last: date, *_: object) -> Bars:
    """Return the stored bars that `ensured_bars` returns, without fetching any."""
    return adjusted_bars.read(bare(ticker), timeframe, *range_ms(first, last), close_ms(last))


@dataclass(frozen=True, slots=True)
class Readers:
    """Functions that read bars and count stocks: uncached, or with a cache for consecutive sessions.

    Without `fetches`, no bars of all stocks and no snapshot are requested from the provider.
    """

    bars: ReadBars = ensured_bars
    breadth: Callable[[date], Breadth] = breadth_module.breadth
    fetches: bool = True


UNCACHED = Readers()
STORED_ONLY = Readers(bars=stored_bars, fetches=False)


@dataclass(slots=True)
class MarketDay:
    """Inputs of a session, NaN where unknown. `unfinished` lists series without a finished last bar."""

    spy: IndexBars = field(default_factory=IndexBars)
    closes: dict[str, float] = field(default_factory=dict)
    vix: float = math.nan
    vix_source: VixSource | None = None
    vix_5_sessions_ago: float = math.nan
    breadth: Breadth = field(default_factory=Breadth)
    put_call: PutCall = field(default_factory=PutCall)
    correlation_spy_qqq: float = math.nan
    correlation_spy_iwm: float = math.nan
    unfinished: list[str] = field(default_factory=list)


def read_inputs(
    session: date, breadth_sessions: int, connect: Connect, readers: Readers, now_ms: int
) -> MarketDay:
    """Return every input as of the session's close, NaN for what the plan excludes.

    Other errors of the provider are raised.
    """
    year = breadth_module.year_before(session)
    day = MarketDay(put_call=read_put_call(session))
    bars = _Series(readers.bars, connect, day.unfinished, now_ms)
    series = {symbol: bars.daily(symbol, year) for symbol in ("SPY", "QQQ", "IWM")}
    spy = series["SPY"]
    if _closes(spy, year[-1:])[0] > 0:
        day.spy = IndexBars.from_bars(spy.high, spy.low, spy.close, spy.volume)
    spy_closes, qqq_closes, iwm_closes = (_closes(one, year) for one in series.values())
    day.correlation_spy_qqq = indicators.correlation(spy_closes, qqq_closes)
    day.correlation_spy_iwm = indicators.correlation(spy_closes, iwm_closes)
    day.closes = {"QQQ": float(qqq_closes[-1]), "IWM": float(iwm_closes[-1])}
    for symbol in ("NDX", "RUT"):
        day.closes[symbol] = float(_closes(bars.daily(f"I:{symbol}", year[-1:]), year[-1:])[0])
    vix = bars.levels_at_close(VIX_TICKER, year[-1 - VIX_RISE_SESSIONS :])
    day.vix_5_sessions_ago = float(vix[0])
    day.closes["VIX"], day.vix_source = vix_of(
        session, now_ms, connect, lambda: bars.daily_close(VIX_TICKER, session), float(vix[-1])
    )
    if day.vix_source in (VixSource.OFFICIAL_CLOSE, VixSource.DAILY_BAR):
        day.unfinished = [ticker for ticker in day.unfinished if ticker != VIX_TICKER]
    day.closes["VIX3M"] = float(bars.levels_at_close("I:VIX3M", year[-1:])[-1])
    _fill_from_row(session, day)
    if readers.fetches:
        _fill_from_snapshot(session, day, connect, now_ms)
    day.vix = day.closes["VIX"]
    wanted = year[-max(breadth_sessions, 2) :]
    if not readers.fetches or _fetched_stocks(wanted, connect):
        day.breadth = readers.breadth(session)
        if day.breadth.advancers is None:
            day.unfinished.append("all stocks")
    return day


@dataclass(frozen=True, slots=True)
class _Series:
    """Bars as of a session's close; series whose last bar is missing are added to `unfinished`."""

    read: ReadBars
    connect: Connect
    unfinished: list[str]
    now_ms: int

    def daily(self, ticker: str, days: Sequence[date]) -> Bars:
        return self._bars(ticker, Timeframe.DAY, days, midnight_ms(days[-1]))

    def daily_close(self, ticker: str, day: date) -> float:
        """Return the close of a daily bar, NaN where there is none; a missing one is not unfinished."""
        unmarked = replace(self, unfinished=[])
        return float(_closes(unmarked.daily(ticker, [day]), [day])[0])

    def levels_at_close(self, ticker: str, days: Sequence[date]) -> Floats:
        """Return the index level at the close of each session, NaN where unknown.

        Volatility indices are computed until 15 minutes after the close, so their daily bars are not finished at the
        close. The 15-minute bar that ends at the close is used instead.
        """
        starts = [close_ms(session) - QUARTER_HOUR_MS for session in days]
        return _at(self._bars(ticker, Timeframe.QUARTER_HOUR, days, starts[-1]), starts)

    def _bars(self, ticker: str, frame: Timeframe, days: Sequence[date], last_ms: int) -> Bars:
        """Return the bars, none if the plan excludes them.

        If the bar at `last_ms` is missing, the series is added to `unfinished`.
        """
        try:
            bars = self.read(ticker, frame, days[0], days[-1], self.now_ms, self.connect)
        except NOT_THERE:
            return Bars(np.empty(0, dtype=np.int64), *(np.empty(0) for _ in range(7)))
        if last_ms not in bars.start_ms:
            self.unfinished.append(ticker)
        return bars


def _closes(bars: Bars, days: Sequence[date]) -> Floats:
    """Return closes of daily bars by session, NaN where there is none; shape (days,)."""
    return _at(bars, [midnight_ms(session) for session in days])


def _at(bars: Bars, starts: Sequence[int]) -> Floats:
    by_start = dict(zip(bars.start_ms.tolist(), bars.close.tolist(), strict=True))
    return np.array([by_start.get(start, np.nan) for start in starts], dtype=np.float64)


def _fill_from_row(session: date, day: MarketDay) -> None:
    """Set index levels without bars from the session's own row."""
    own = regime_reader.read(close_ms(session), close_ms(session))
    for symbol, column in _INDEX_COLUMNS.items() if len(own) else ():
        if math.isnan(day.closes[symbol]):
            day.closes[symbol] = float(getattr(own, column)[0])


def _fill_from_snapshot(session: date, day: MarketDay, connect: Connect, now_ms: int) -> None:
    """Set index levels that are still unknown from the provider's snapshot.

    A snapshot shows the present, so it is only used shortly after the close, and not when it is delayed.
    """
    unknown = [symbol for symbol in _INDEX_COLUMNS if math.isnan(day.closes[symbol])]
    since_close = now_ms - close_ms(session)
    if not unknown or not 0 <= since_close <= SNAPSHOT_WITHIN / timedelta(milliseconds=1):
        return
    try:
        with connect() as client:
            rows = client.indices_snapshot([f"I:{symbol}" for symbol in unknown]).rows
    except NOT_THERE:
        return
    for index in rows:
        if index.value and not index.error and index.timeframe != "DELAYED":
            day.closes[index.ticker.removeprefix("I:")] = index.value
            if index.ticker == VIX_TICKER:
                day.vix_source = VixSource.SNAPSHOT
    added = [f"I:{symbol}" for symbol in unknown if not math.isnan(day.closes[symbol])]
    day.unfinished = [ticker for ticker in day.unfinished if ticker not in added]


def _fetched_stocks(wanted: Sequence[date], connect: Connect) -> bool:
    """Fetch the missing bars of all stocks; return whether the plan includes them."""
    try:
        breadth_module.fetch_grouped(wanted, connect)
    except NOT_THERE:
        return False
    return True
