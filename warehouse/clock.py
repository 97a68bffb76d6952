"""The market's clock, for the outermost layer alone: commands, tasks and the consumer. Everything below is
told the time."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from quant.sessions import market_now

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def now() -> dt.datetime:
    """The market's instant, UTC: real time plus `CLOCK_OFFSET_MS`, like SQL's `warehouse_now_ms()`."""
    return market_now(settings.CLOCK_OFFSET_MS)


def now_ms() -> int:
    return epoch_ms(now())


def epoch_ms(instant: dt.datetime) -> int:
    """Epoch milliseconds of an aware instant, rounded down."""
    return (instant - _EPOCH) // dt.timedelta(milliseconds=1)


def instant(epoch_milliseconds: int) -> dt.datetime:
    """The aware UTC instant of epoch milliseconds."""
    return _EPOCH + dt.timedelta(milliseconds=epoch_milliseconds)
