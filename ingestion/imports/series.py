"""The IV percentile and the market regime of imported sessions, oldest first: each rests on the days before it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date

from ingestion.daily.iv_percentile import IvPercentileResult, calculate_iv_percentile
from ingestion.daily.market_regime import PATIENCE, calculate_market_regime
from provider.client import MassiveClient
from provider.errors import NotEntitled
from quant import sessions
from warehouse import clock
from warehouse.models import IvPercentile, MarketRegimeDay


def no_provider() -> AbstractContextManager[MassiveClient]:
    """A connection to no provider: an import rests on its file and on what is stored. Raises NotEntitled."""
    raise NotEntitled("an import asks no provider")


def rank(symbol: str, session: date, again: bool) -> IvPercentileResult:
    """Ranks a session; `again` where an earlier session has come since."""
    return calculate_iv_percentile(symbol, session, again=again)


def store_regime(session: date, now_ms: int) -> MarketRegimeDay | None:
    """The session's row, computed from what is stored where there is none yet.

    A session that has just closed is left to the closing work, which asks the provider for what is missing.
    """
    if clock.instant(now_ms) >= sessions.close_of(session) + PATIENCE:
        calculate_market_regime(session, now_ms, connect=no_provider)
    return MarketRegimeDay.objects.filter(date=session).first()


def stored_rank(symbol: str, session: date) -> IvPercentile | None:
    """The session's row."""
    return IvPercentile.objects.filter(symbol=symbol, date=session).first()


def count_later_ranks(symbol: str, day: date) -> int:
    """How many later sessions have a rank: those that an import of `day` may have changed the past of."""
    return IvPercentile.objects.filter(symbol=symbol, date__gt=day).count()
