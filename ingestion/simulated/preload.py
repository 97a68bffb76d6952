"""History of a new simulated warehouse: which sessions of each table are missing, and storing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from django.db import connections

from ingestion.bars.bar_times import close_ms, range_ms
from ingestion.bars.historical_bars import ensure_bars
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.rollups import roll_up_gamma
from ingestion.provider_client import massive_client
from ingestion.simulated.flow import store_flow
from ingestion.simulated.gamma import gamma_columns, store_gamma
from ingestion.simulated.past_sums import Limits, flow_sums, gamma_sums, volatilities
from ingestion.simulated.surface import store_surfaces
from ingestion.simulated.volatility import store_volatility
from provider.errors import NotFound
from quant import sessions
from quant.chain import Floats
from quant.sessions import MINUTE_MS, new_york_date
from quant.volatility.iv_rank import WINDOW_SESSIONS
from warehouse import clock
from warehouse.asof import flow, gamma, iv, regime
from warehouse.asof.gamma import MEDIAN_SESSIONS
from warehouse.models import WatchlistEntry
from warehouse.models.enums import Timeframe

SUM_SESSIONS = 33  # of gamma and flow: 20 to compare with, for each of the last sessions
# Gamma has every slot in the sessions that a page shows, and one an hour before, which is enough for medians.
SHOWN_SESSIONS, SHOWN_MINUTES, EARLIER_MINUTES = 10, 15, 60
BAR_SESSIONS = {
    Timeframe.MINUTE: 10,
    Timeframe.FIVE_MINUTES: 33,
    Timeframe.QUARTER_HOUR: 128,
    Timeframe.HOUR: 128,
    Timeframe.DAY: 1000,
}
_THREADS = 3
_BREADTH_SESSIONS = 2  # which are enough to count rising and falling stocks
# Sessions of one request, so that the simulator computes the paths of a session for all symbols at once.
_AT_ONCE = 125
_SLOT_MS = 15 * MINUTE_MS


class Stored(NamedTuple):
    """Rows that one part of the work stored: `what` names the part."""

    what: str
    rows: int


class Watched(NamedTuple):
    """The watchlist and the present: `until_ms` is the current slot, before which all is history (epoch ms)."""

    entries: Sequence[WatchlistEntry]
    limits: Limits
    now_ms: int
    until_ms: int

    @property
    def symbols(self) -> list[str]:
        """The underlyings."""
        return [str(entry.symbol) for entry in self.entries]

    def past(self, count: int) -> list[date]:
        """Return the last `count` sessions that have begun, oldest first."""
        today = new_york_date(clock.instant(self.now_ms))
        days = sessions.sessions(today - timedelta(days=2 * count + 10), today)
        return [day for day in days if clock.epoch_ms(sessions.open_of(day)) < self.now_ms][-count:]


def preload(entries: Sequence[WatchlistEntry], limits: Limits, now_ms: int) -> Iterator[Stored]:
    """Store the missing history of the watched symbols until `now_ms` and yield the parts as they are done.

    A session of which a symbol has rows already is left as it is. Symbols that the simulator does not have are left
    out. Must not run inside a transaction. Raises one of provider.errors when the simulator fails.
    """
    watched = Watched(entries, limits, now_ms, now_ms // _SLOT_MS * _SLOT_MS)
    watched.past(1)  # loads the calendar, which several threads must not do at the same time
    jobs: list[Callable[[], Stored]] = [lambda: _bars(watched, (Timeframe.DAY,)), lambda: _sums(watched)]
    jobs += [lambda: _volatility(watched), lambda: _bars(watched, tuple(BAR_SESSIONS)[:-1])]
    with ThreadPoolExecutor(_THREADS) as pool:
        for done in as_completed([pool.submit(_closing, job) for job in jobs]):
            yield done.result()
    yield _regime(watched)


def _closing(job: Callable[[], Stored]) -> Stored:
    try:
        return job()
    finally:
        connections.close_all()


def _bars(watched: Watched, frames: Sequence[Timeframe]) -> Stored:
    rows = 0
    for frame in frames:
        days = watched.past(BAR_SESSIONS[frame])
        for part in range(0, len(days), _AT_ONCE):
            first, last = days[part], days[part : part + _AT_ONCE][-1]
            for entry in watched.entries:
                with suppress(NotFound):
                    ticker = str(entry.provider_symbol)
                    rows += ensure_bars(ticker, frame, first, last, watched.now_ms, is_history=True).rows
    spans = ", ".join(f"{frame.value} of {BAR_SESSIONS[frame]}" for frame in frames)
    return Stored(f"bars: {spans} sessions", rows)


def _regime(watched: Watched) -> Stored:
    """Compute the market regime of the last closed session from its bars, if none is stored.

    It has no put/call ratio, because no chain of that session is stored, and breadth is that of the day.
    """
    closed = [day for day in watched.past(3) if close_ms(day) <= watched.now_ms]
    what = f"market regime of {closed[-1]}"
    if len(regime.read(0, watched.now_ms)):
        return Stored(what, 0)
    found = calculate_market_regime(
        closed[-1], watched.now_ms, breadth_sessions=_BREADTH_SESSIONS, is_history=True
    )
    return Stored(what, int(found.stored))


def _volatility(watched: Watched) -> Stored:
    days = watched.past(2 * WINDOW_SESSIONS + 1)[:-1]
    rows = 0
    with massive_client() as client:
        for symbol in watched.symbols:
            if len(iv.read(symbol, close_ms(days[-2]), close_ms(days[-1]))) == 0:
                with suppress(NotFound):
                    series = volatilities(client, symbol, days[0], days[-1])
                    rows += store_volatility(symbol, series) + store_surfaces(symbol, series)
    return Stored(f"implied volatility of {WINDOW_SESSIONS} sessions", rows)


def _sums(watched: Watched) -> Stored:
    """Store gamma and flow session by session, for which the simulator lists the contracts once."""
    rows = 0
    grosses: dict[str, list[Floats]] = {symbol: [] for symbol in watched.symbols}
    with massive_client() as client:
        days = watched.past(SUM_SESSIONS)
        for day in days:
            minutes = SHOWN_MINUTES if day in days[-SHOWN_SESSIONS:] else EARLIER_MINUTES
            bounds, is_over = range_ms(day, day), close_ms(day) <= watched.now_ms
            for symbol in [one for one in watched.symbols if len(gamma.slots(one, *bounds)) == 0]:
                with suppress(NotFound):
                    sums = gamma_sums(client, symbol, day, watched.until_ms, minutes)
                    columns = gamma_columns(symbol, sums, _median(grosses[symbol]))
                    rows += store_gamma(columns)
                    grosses[symbol].append(columns["gross_gamma"])
            if is_over:
                roll_up_gamma(day, is_history=True)
            without = [symbol for symbol in watched.symbols if len(flow.slots(symbol, *bounds)) == 0]
            if without:
                sums = flow_sums(client, day, watched.until_ms, watched.limits)
                rows += store_flow(day, sums, without, is_over)
    return Stored(f"gamma and flow of {SUM_SESSIONS} sessions", rows)


def _median(past: Sequence[Floats]) -> float | None:
    last = past[-MEDIAN_SESSIONS:]
    return float(np.median(np.concatenate(last))) if last else None
