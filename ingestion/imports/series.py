"""IV percentile and market regime of imported sessions, computed oldest first, because each uses earlier days."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date

from ingestion.daily.iv_percentile import IvPercentileResult, calculate_iv_percentile
from ingestion.daily.market_regime import PATIENCE, calculate_market_regime
from ingestion.daily.volatility_surface import store_surface
from provider.client import MassiveClient
from provider.errors import NotEntitled
from quant import sessions
from warehouse import clock
from warehouse.models import IvPercentile, MarketRegimeDay


def no_provider() -> AbstractContextManager[MassiveClient]:
    """Raise NotEntitled in place of connecting to the provider: an import uses its file and stored rows only."""
    raise NotEntitled("an import sends no requests")


def rank(symbol: str, session: date, recompute: bool) -> IvPercentileResult:
    """Rank a session and store its surface; with `recompute`, also if it has a rank.

    A rank changes when an earlier session is added.
    """
    store_surface(symbol, session, again=recompute, is_history=True)
    return calculate_iv_percentile(symbol, session, again=recompute)


def store_regime(session: date, now_ms: int, again: bool) -> MarketRegimeDay | None:
    """Compute the regime of a session from stored rows, again where the import added a chain; return its row.

    A session that closed recently is left to the tasks after the close, which fetch missing inputs from the
    provider.
    """
    if clock.instant(now_ms) >= sessions.close_of(session) + PATIENCE:
        calculate_market_regime(session, now_ms, again=again, connect=no_provider, is_history=True)
    return MarketRegimeDay.objects.filter(date=session).first()


def stored_rank(symbol: str, session: date) -> IvPercentile | None:
    """Return the rank of a session."""
    return IvPercentile.objects.filter(symbol=symbol, date=session).first()


def count_later_ranks(symbol: str, day: date) -> int:
    """Return how many later sessions have a rank, which an import of `day` may have made obsolete."""
    return IvPercentile.objects.filter(symbol=symbol, date__gt=day).count()
