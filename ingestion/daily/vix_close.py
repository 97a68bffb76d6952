"""The official VIX of a session, else the best known one, and its source."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from ingestion.bars.bar_times import close_ms
from provider.connection import Connect
from provider.errors import NotEntitled, NotFound
from warehouse.asof import regime
from warehouse.models.enums import VixSource

# VIX is computed until 15 minutes after the session's close, and its official close is the last value.
OFFICIAL_AFTER = timedelta(minutes=20)
TICKER = "I:VIX"


class VixLevel(NamedTuple):
    """Index points, NaN where unknown, and the source of the value."""

    level: float = math.nan
    source: VixSource | None = None


def vix_of(
    session: date, now_ms: int, connect: Connect, daily_close: Callable[[], float], at_close: float
) -> VixLevel:
    """Return the VIX of a session.

    A level that the row of the session has with its source is kept, so that a row computed again is the same. Else it
    is the provider's official close, from 20 minutes after the session's close on, or what `daily_close` returns, the
    close of the daily bar; or `at_close`, the level at the session's close. NaN where none is known. Errors of the
    provider other than those of the plan are raised.
    """
    own = regime.read(close_ms(session), close_ms(session))
    if len(own) and own.vix_source[0] and not math.isnan(own.vix_level[0]):
        return VixLevel(float(own.vix_level[0]), VixSource(own.vix_source[0]))
    if now_ms >= close_ms(session) + OFFICIAL_AFTER / timedelta(milliseconds=1):
        if not math.isnan(official := official_close(session, connect)):
            return VixLevel(official, VixSource.OFFICIAL_CLOSE)
        if not math.isnan(daily := daily_close()):
            return VixLevel(daily, VixSource.DAILY_BAR)
    return VixLevel() if math.isnan(at_close) else VixLevel(at_close, VixSource.BAR_AT_CLOSE)


def official_close(session: date, connect: Connect) -> float:
    """Return the close of the provider's open-close endpoint, NaN where the plan or the provider has none."""
    try:
        with connect() as client:
            return client.open_close(TICKER, session).close
    except (NotEntitled, NotFound):
        return math.nan
