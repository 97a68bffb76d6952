"""Fetching of a watched symbol's bars after the close of a session."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

from ingestion.bars.bar_times import close_ms, range_ms
from ingestion.bars.historical_bars import BarsClient, ensure_bars, fetch_session_again
from ingestion.bars.live_bars import complete_sums
from ingestion.provider_client import massive_client
from provider.errors import NotEntitled, NotFound, ProviderError
from warehouse import queries, runs
from warehouse.asof import bars
from warehouse.models.enums import Timeframe
from warehouse.task_names import RunTask

NOT_FINISHED = "the provider has not finished the session's bar yet"


@dataclass(frozen=True, slots=True)
class SessionBars:
    """Numbers of stored bars of a session; `detail` is the reason when they were not fetched."""

    symbol: str
    session: date
    minutes: int = 0
    days: int = 0
    detail: str = ""

    def __str__(self) -> str:
        outcome = self.detail or f"{self.minutes} minute bars, {self.days} daily"
        return f"{self.symbol} {self.session}: {outcome}"


def store_session_bars(
    symbol: str,
    session: date,
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> SessionBars:
    """Fetch a watched symbol's minute and daily bars of a closed session, once.

    Minutes that were stored live stay as they are: missing ones are stored, and the run of the minutes counts those
    that differ, this run the live sums of 5, 15 and 60 minutes that differ.

    If the provider fails or has not finished the session's daily bar, the run fails and is repeated later. If the plan
    excludes this data, the run is done.
    """
    with runs.claim(RunTask.STORE_BARS, symbol, close_ms(session)) as run:
        if isinstance(run, runs.Refusal):
            return SessionBars(symbol, session, detail=str(run))
        ticker = queries.watchlist_entry(symbol).provider_symbol
        try:
            ensure_bars(ticker, Timeframe.DAY, session, session, now_ms, connect)
            with connect() as client:
                fetch_session_again(client, ticker, Timeframe.MINUTE, session)
        except (NotEntitled, NotFound) as error:
            runs.finish(run, rows=0, result={"refused": str(error)})
            return SessionBars(symbol, session, detail=str(error))
        except ProviderError as error:
            runs.fail(run, str(error))
            return SessionBars(symbol, session, detail=str(error))
        times = range_ms(session, session)
        days, minutes = (len(bars.read(symbol, frame, *times)) for frame in (Timeframe.DAY, Timeframe.MINUTE))
        if not days:
            runs.fail(run, NOT_FINISHED)
            return SessionBars(symbol, session, detail=NOT_FINISHED)
        differing = complete_sums(symbol, session)
        runs.finish(run, rows=days + minutes, result={"different_sums": differing} if differing else None)
    return SessionBars(symbol, session, minutes, days)
