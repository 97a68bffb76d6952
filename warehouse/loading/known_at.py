"""The time from which a row is available, `known_at`, and the transactions that keep the promise.

A row stored live is known 10 seconds after the start of its transaction (`warehouse_known_ms()` in SQL), which commits
within 8 seconds. So a reader as of t that starts at t or later sees the same rows whenever it reads. Backfilled and
imported rows are known from the time at which a live row is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import numpy as np
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import BigIntegerField, Func
from numpy.typing import NDArray

from quant import sessions
from quant.sessions import MINUTE_MS
from warehouse import clock
from warehouse.models.bars import TABLE as HISTORICAL_BARS
from warehouse.models.enums import Timeframe

CHAIN_AFTER_MS = MINUTE_MS  # a live chain is stored within a minute of its slot
TRADE_AFTER_MS = 11_000  # a live trade is stored within a second
FLOW_AFTER_MS = 30_000  # live trades of 15 minutes are summed before the bar that ends with them is scanned
BAR_AFTER_MS = 30_000  # a live bar is stored within 30 seconds of its end
DAILY_AFTER_MS = 6 * MINUTE_MS  # daily rows are computed five minutes after the close
REGIME_AFTER_MS = 21 * MINUTE_MS  # the market regime waits for the official VIX
NOW = Func(function="warehouse_known_ms", output_field=BigIntegerField())  # of a row that is stored live
COMMIT_WITHIN_SECONDS = 8.0
ATTEMPTS = 3
_TRANSACTION_TIMEOUT = "9500ms"  # ends a transaction whose commit is delayed; PostgreSQL 17 and later
_HAS_TIMEOUT = 170_000  # server version
_TRANSACTION_TIMED_OUT = "25P04"  # SQLSTATE

# From the start of a bar to its end. A daily bar starts at midnight and ends with a full session, a week on Monday.
_BAR_MINUTES = {
    Timeframe.MINUTE: 1,
    Timeframe.FIVE_MINUTES: 5,
    Timeframe.QUARTER_HOUR: 15,
    Timeframe.HOUR: 60,
    Timeframe.FOUR_HOURS: 240,
    Timeframe.DAY: 960,
    Timeframe.WEEK: 6720,
}

Result = TypeVar("Result")

# Each expression is evaluated over the rows to insert. The time is a number in it, because a function with a subquery
# as argument would not be inlined. Bars have no source, so their age tells history from live bars.
_OF_BARS = 'warehouse_stored_bar_known_ms("timestamp", timeframe, {known_ms})'
_OF_OTHERS = 'greatest("timestamp", {known_ms})'


class StoredTooLateError(OperationalError):
    """A transaction was not ready to commit in time, in every attempt. Nothing was stored."""


def on_insert(table: str, known_ms: int) -> str:
    """Return the SQL of `known_at` for rows inserted without it; `known_ms` (epoch ms) is that of the transaction."""
    return (_OF_BARS if table == HISTORICAL_BARS else _OF_OTHERS).format(known_ms=f"{known_ms}::bigint")


def of_chain(slot_ms: int) -> int:
    """Return when a live chain of a slot is known; epoch ms."""
    return slot_ms + CHAIN_AFTER_MS


def of_bars(start_ms: NDArray[np.int64], timeframe: str) -> NDArray[np.int64]:
    """Return when live bars are known, as `warehouse_bar_known_ms()` in SQL; epoch ms, shape (n,)."""
    return start_ms + _BAR_MINUTES[Timeframe(timeframe)] * MINUTE_MS + BAR_AFTER_MS


def of_session(session: dt.date) -> int:
    """Return when daily rows of a session that are computed live are known; epoch ms."""
    return clock.epoch_ms(sessions.close_of(session)) + DAILY_AFTER_MS


def of_regime(session: dt.date) -> int:
    """Return when the market regime of a session that is computed live is known; epoch ms."""
    return clock.epoch_ms(sessions.close_of(session)) + REGIME_AFTER_MS


def store_in_time(work: Callable[[], Result]) -> Result:
    """Call `work` in a transaction and return its result; repeat it when it was not ready to commit within 8 seconds.

    A repeated transaction starts anew and so has a later `known_at`. `work` must be repeatable: it may change the
    database and its own local values only. Must not be called inside a transaction. Raises StoredTooLateError after
    three attempts.
    """
    for _ in range(ATTEMPTS):
        try:
            return _attempt(work)
        except _LateError:
            continue
    raise StoredTooLateError(
        f"a transaction took longer than {COMMIT_WITHIN_SECONDS:.0f} s in {ATTEMPTS} attempts and was rolled back:"
        " the database or this machine is overloaded"
    )


class _LateError(Exception):
    """The transaction was not ready in time, and was rolled back."""


def _attempt(work: Callable[[], Result]) -> Result:
    is_outermost = not connection.in_atomic_block  # false in a test that is a transaction itself
    started = perf_counter()
    try:
        with transaction.atomic(durable=True):
            if is_outermost and connection.connection.info.server_version >= _HAS_TIMEOUT:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL transaction_timeout = '{_TRANSACTION_TIMEOUT}'")
            result = work()
            if perf_counter() - started > COMMIT_WITHIN_SECONDS:
                raise _LateError
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) == _TRANSACTION_TIMED_OUT:
            raise _LateError from error
        raise
    return result
