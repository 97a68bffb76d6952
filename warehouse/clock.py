"""The clock of the warehouse: real time plus `CLOCK_OFFSET_MS`.

`now` and `now_ms` are for the outermost layer: commands, tasks, requests and process loops. They pass the time down as
an argument. `DATABASE_NOW_MS` is the same clock in SQL, for the time at which a row is written.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import BigIntegerField, Func

from quant.sessions import NEW_YORK, market_now

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

DATABASE_NOW_MS = Func(function="warehouse_now_ms", output_field=BigIntegerField())  # epoch ms, in a query


def now() -> dt.datetime:
    """Return the market's instant, aware UTC; SQL has the same as `warehouse_now_ms()`."""
    return market_now(settings.CLOCK_OFFSET_MS)


def now_ms() -> int:
    """Return the market's instant in epoch milliseconds."""
    return epoch_ms(now())


def epoch_ms(instant: dt.datetime) -> int:
    """Return the epoch milliseconds of an aware instant, rounded down."""
    return (instant - _EPOCH) // dt.timedelta(milliseconds=1)


def instant(epoch_milliseconds: int) -> dt.datetime:
    """Return the aware UTC instant of epoch milliseconds."""
    return _EPOCH + dt.timedelta(milliseconds=epoch_milliseconds)


def new_york_text(epoch_milliseconds: int) -> str:
    """Return epoch milliseconds as date and time in New York: Thu 14 Sep 2023 14:45:00."""
    return f"{instant(int(epoch_milliseconds)).astimezone(NEW_YORK):%a %-d %b %Y %H:%M:%S}"
