"""Exchange sessions and settlement instants of options. The only module that uses the exchange calendars.

A session is a trading day of the New York Stock Exchange, 09:30 to 16:00 New York (13:00 on early closes).
Every instant is a timezone-aware datetime; results are in UTC; naive ones raise ValueError. Arrays of instants are
``datetime64[s]`` in UTC. The calendar covers 1990 to 2099, as the two-digit year of contract tickers does, and is built
once, at the first use.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple, SupportsInt
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

NEW_YORK = ZoneInfo("America/New_York")
# Settled at the opening prices of the expiration day; every other root settles at the closing prices. Source: Cboe's
# product specifications. MXEA, MXACW, MXUSA, MXWLD, OEX, XEO, XSP, MRUT and XND settle at the close.
AM_SETTLED_ROOTS = (
    *("SPX", "NDX", "RUT", "DJX", "VIX", "VIXW"),
    *("RUI", "RLG", "RLV", "MXEF"),  # Russell 1000, its growth and value stocks; MSCI Emerging Markets
    *("SPESG", "SPEQX"),  # S&P 500 ESG, S&P 500 Equal Weight (its PM-settled root is SPEQW)
    # The Select Sector indices.
    *("SIXB", "SIXC", "SIXE", "SIXI", "SIXM", "SIXR", "SIXRE", "SIXT", "SIXU", "SIXV", "SIXY"),
)
SECONDS_PER_YEAR = 365 * 86_400
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_FIRST_DAY = "1990-01-02"
_LAST_DAY = "2099-12-31"
_INDEX_EXTRA = np.timedelta64(15 * 60, "s")


Dates = npt.ArrayLike | dt.date | Sequence[dt.date]


class _Calendar(NamedTuple):
    """One row per session, ascending: its day, and its opening and closing instants in UTC."""

    day: npt.NDArray[np.datetime64]
    opens: npt.NDArray[np.datetime64]
    closes: npt.NDArray[np.datetime64]
    index_closes: npt.NDArray[np.datetime64]


@cache
def _calendar() -> _Calendar:
    # Imported here, because the calendar library imports pandas, which takes seconds that many processes can save.
    from exchange_calendars.exchange_calendar_xcbf import XCBFExchangeCalendar
    from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

    with warnings.catch_warnings():
        # The library uses an interface that pandas has deprecated; callers cannot change that.
        warnings.simplefilter("ignore", DeprecationWarning)
        stock = XNYSExchangeCalendar(start=_FIRST_DAY, end=_LAST_DAY).schedule
        index = XCBFExchangeCalendar(start=_FIRST_DAY, end=_LAST_DAY).schedule["close"].reindex(stock.index)
    closes = stock["close"].dt.tz_convert(None).to_numpy(dtype="datetime64[s]")
    # The options calendar lacks some early closes (Christmas Eve among them), so the close of the stock session limits
    # it. fmin ignores the missing values of days on which only the stock exchange was open.
    index_closes = np.fmin(index.dt.tz_convert(None).to_numpy(dtype="datetime64[s]"), closes + _INDEX_EXTRA)
    return _Calendar(
        day=stock.index.to_numpy(dtype="datetime64[D]"),
        opens=stock["open"].dt.tz_convert(None).to_numpy(dtype="datetime64[s]"),
        closes=closes,
        index_closes=index_closes,
    )


def market_now(offset_ms: SupportsInt) -> dt.datetime:
    """Return the present instant in UTC plus an offset in milliseconds. Called by the clock of the warehouse."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(milliseconds=int(offset_ms))


def new_york_date(instant: dt.datetime) -> dt.date:
    """Return the New York date of an instant."""
    return _aware(instant).astimezone(NEW_YORK).date()


def is_open(instant: dt.datetime) -> bool:
    """Return whether an instant is within a session; the opening instant is, the closing instant is not."""
    day = session_of(instant)
    return day is not None and instant < close_of(day)


def session_of(instant: dt.datetime) -> dt.date | None:
    """Return the session of an instant between open and close, both included, or None outside sessions.

    The close is included because the last slot of a session is its close; ``is_open`` is already false then.
    """
    day = new_york_date(instant)
    row = _find(day)
    if row is None or not _utc(_calendar().opens[row]) <= instant <= _utc(_calendar().closes[row]):
        return None
    return day


def slots(date: dt.date, every_minutes: int = 15) -> list[dt.datetime]:
    """Return the slots of a session in UTC: its open, every `every_minutes` after it, and always its close.

    A full day has 27 quarter-hour slots, a day that closes at 13:00 has 15, a day without session none.
    Raises ValueError when ``every_minutes`` is not positive.
    """
    row = _find(date)
    if row is None:
        _step(every_minutes)
        return []
    return slots_between(_utc(_calendar().opens[row]), _utc(_calendar().closes[row]), every_minutes)


def slots_between(opens: dt.datetime, closes: dt.datetime, every_minutes: int = 15) -> list[dt.datetime]:
    """Return the slots of a session with these hours, by the rule of ``slots``."""
    step, opens, closes = _step(every_minutes), _aware(opens), _aware(closes)
    before_close = -(-(closes - opens) // step)
    return [*(opens + number * step for number in range(before_close)), closes]


@lru_cache(maxsize=8192)
def open_of(date: dt.date) -> dt.datetime:
    """Return the open of a session in UTC. Raises ValueError for a date without a session."""
    return _utc(_calendar().opens[_row_of(date)])


def opening_ms(day_ms: int) -> int:
    """Return the open of the session on the UTC day that begins at `day_ms`, both epoch ms; `day_ms` without one."""
    date = dt.datetime.fromtimestamp(day_ms // 1000, dt.UTC).date()
    return int(open_of(date).timestamp() * 1000) if sessions(date, date) else day_ms


@lru_cache(maxsize=8192)
def close_of(date: dt.date) -> dt.datetime:
    """Return the close of a session in UTC. Raises ValueError for a date without a session."""
    return _utc(_calendar().closes[_row_of(date)])


def index_close_of(date: dt.date) -> dt.datetime:
    """Return the end of trading of index options in UTC: 16:15 New York, 13:15 on early closes."""
    return _utc(_calendar().index_closes[_row_of(date)])


@lru_cache(maxsize=8192)
def previous_session(date: dt.date) -> dt.date:
    """Return the last session before a date."""
    return _day_at(int(np.searchsorted(_calendar().day, _day(date), side="left")) - 1)


@lru_cache(maxsize=8192)
def next_session(date: dt.date) -> dt.date:
    """Return the first session after a date."""
    return _day_at(int(np.searchsorted(_calendar().day, _day(date), side="right")))


def sessions(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return all sessions from the first to the last date, both included; empty when the last is before the first."""
    days = _calendar().day
    start, stop = np.searchsorted(days, _day(first)), np.searchsorted(days, _day(last), side="right")
    found: list[dt.date] = days[start:stop].tolist()
    return found


def session_numbers(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.intp]:
    """Return consecutive numbers of sessions, shape (n,). Raises ValueError for a day that is no session."""
    known = _calendar().day
    numbers = np.searchsorted(known, days)
    wrong = known[np.minimum(numbers, len(known) - 1)] != days
    if wrong.any():
        raise ValueError(f"{days[wrong][0]} is no session of the exchange")
    return numbers


def hours_ms(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """Return the regular opens and closes of sessions, epoch ms, shape (2, n).

    Raises ValueError as `session_numbers` does.
    """
    rows = session_numbers(days)
    calendar = _calendar()
    return np.stack([calendar.opens[rows], calendar.closes[rows]]).astype("datetime64[ms]").astype(np.int64)


def settlement_instant(root: str, expiration: dt.date) -> dt.datetime:
    """Return the settlement of a contract in UTC, by the rule of ``settlement_instants``."""
    return _utc(settlement_instants([root], [expiration])[0])


def settlement_instants(root: npt.ArrayLike, expiration: Dates) -> npt.NDArray[np.datetime64]:
    """Return settlements as ``datetime64[s]`` in UTC, in the broadcast shape of roots and expirations.

    A PM-settled root settles at the close of the expiration's session, an AM-settled one
    (``AM_SETTLED_ROOTS``) at its open. Where the expiration is no session (the Saturdays of monthly
    contracts until 2015, Good Friday, a special closure), the last session before it is used. NaT
    stays NaT. Raises ValueError for expirations outside the calendar.
    """
    roots = np.asarray(root, dtype=np.str_)
    dates = np.asarray(expiration, dtype="datetime64[D]")
    calendar = _calendar()
    missing = np.isnat(dates)
    row = np.searchsorted(calendar.day, dates, side="right") - 1
    if np.any((row < 0) | ((dates > np.datetime64(_LAST_DAY)) & ~missing)):
        raise ValueError(f"the exchange calendar contains expirations from {_FIRST_DAY} to {_LAST_DAY} only")
    settled = np.where(np.isin(roots, AM_SETTLED_ROOTS), calendar.opens[row], calendar.closes[row])
    return np.where(missing, np.datetime64("NaT"), settled)


def years_to_expiry(root: npt.ArrayLike, expiration: Dates, instant: dt.datetime) -> npt.NDArray[np.float64]:
    """Return the years from the instant to settlement: calendar seconds / (365 * 86,400), in the broadcast shape.

    Zero or negative once the contract is settled; NaN where the expiration is NaT.
    """
    reference = np.datetime64(_aware(instant).astimezone(dt.UTC).replace(tzinfo=None), "us")
    left: npt.NDArray[np.float64] = (settlement_instants(root, expiration) - reference) / np.timedelta64(
        1, "s"
    )
    return left / SECONDS_PER_YEAR


def _step(every_minutes: int) -> dt.timedelta:
    if every_minutes <= 0:
        raise ValueError(f"slots need a positive number of minutes between them, not {every_minutes}")
    return dt.timedelta(minutes=every_minutes)


def _aware(instant: dt.datetime) -> dt.datetime:
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError(f"an instant needs a time zone: {instant.isoformat()} has none")
    return instant


def _utc(instant: np.datetime64) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(instant.astype(np.int64)), tz=dt.UTC)


def _day(date: dt.date) -> np.datetime64:
    # datetime is a subclass of date; its time of day would be dropped without an error.
    if isinstance(date, dt.datetime):
        raise TypeError(f"a session is identified by a date, not by an instant: {date.isoformat()}")
    return np.datetime64(date, "D")


# Cached, because bars and time ranges look up many dates, and a search for each would take longer than their work.
@lru_cache(maxsize=8192)
def _find(date: dt.date) -> int | None:
    days = _calendar().day
    row = int(np.searchsorted(days, _day(date)))
    return row if row < days.size and days[row] == _day(date) else None


def _row_of(date: dt.date) -> int:
    row = _find(date)
    if row is None:
        raise ValueError(f"{date.isoformat()} is no session of the exchange")
    return row


def _day_at(row: int) -> dt.date:
    days = _calendar().day
    if not 0 <= row < days.size:
        raise ValueError(f"the exchange calendar contains sessions from {_FIRST_DAY} to {_LAST_DAY} only")
    day: dt.date = days[row].item()
    return day
