"""Contract tickers of listed options: ``O:`` + root + YYMMDD + C or P + strike in thousandths, eight digits.

The root has one to six letters or digits (``SPXW``, ``2SPX``, ``AAPL1``), so a ticker is parsed from the
right, where the last fifteen characters have a fixed layout. The ``O:`` is the provider's prefix; an OCC symbol without
padding is accepted too. The root of a class of shares may be spelled with its point (``BRK.B`` for ``BRKB``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar, overload

import numpy as np
import numpy.typing as npt

from quant.distinct import distinct

ROOT_LENGTH = 6
SHARES_PER_CONTRACT = 100.0  # deliverable of a standard contract
SUFFIX_LENGTH = 15
_LONGEST = len("O:") + ROOT_LENGTH + SUFFIX_LENGTH
_LARGEST_THOUSANDTHS = 99_999_999
_NAMED_IN_MESSAGE = 5
_CODES = np.dtype(np.uint32)
_ROOT = np.arange(ROOT_LENGTH)
_SUFFIX = np.arange(SUFFIX_LENGTH)
_TICKER = re.compile(r"(?:O:)?(?:[A-Z0-9]{1,6}|[A-Z]{1,4}\.[A-Z][0-9]?)([0-9]{6})[CP]([0-9]{8})")
_POINTED = re.compile(r"(?:O:)?[A-Z]{1,4}\.[A-Z][0-9]?[0-9]{6}[CP][0-9]{8}")
_YEAR_2000 = np.datetime64("2000-01-01", "D")
_YEAR_2100 = np.datetime64("2100-01-01", "D")

_Value = TypeVar("_Value")
Tickers = Sequence[str] | npt.NDArray[np.str_]
Dates = npt.ArrayLike | dt.date | Sequence[dt.date]


class Contracts(NamedTuple):
    """Columns of parsed tickers, all of one length and in the order of the tickers."""

    root: npt.NDArray[np.str_]
    expiration: npt.NDArray[np.datetime64]
    is_call: npt.NDArray[np.bool_]
    strike: npt.NDArray[np.float64]


class BadTickerError(ValueError):
    """Texts that are not contract tickers: ``tickers`` contains all of them, ``indices`` their positions."""

    def __init__(self, tickers: Sequence[str], indices: Sequence[int]) -> None:
        self.tickers = tuple(tickers)
        self.indices = tuple(indices)
        named = ", ".join(repr(ticker) for ticker in self.tickers[:_NAMED_IN_MESSAGE])
        unnamed = len(self.tickers) - _NAMED_IN_MESSAGE
        more = f" and {unnamed} more" if unnamed > 0 else ""
        super().__init__(f"not an option contract ticker: {named}{more}")


def parse_tickers(tickers: Tickers) -> Contracts:
    """Read contract tickers into root (str), expiration (datetime64[D]), is_call (bool), strike (dollars).

    A root is returned without its point: BRKB for ``O:BRK.B251219C00400000``. Raises BadTickerError, with all invalid
    tickers, when one is invalid.
    """
    # A fixed width truncates texts that are too long for a ticker, so that one long text needs no memory.
    text = np.ascontiguousarray(tickers, dtype=f"U{_LONGEST + 1}").reshape(-1)
    codes = text.view(_CODES)
    first = np.arange(0, codes.size, _LONGEST + 1)
    length = np.strings.str_len(text).astype(np.intp)
    start = np.where(np.strings.startswith(text, "O:"), 2, 0)
    root_length = length - SUFFIX_LENGTH - start
    fits = (root_length >= 1) & (root_length <= ROOT_LENGTH)

    root, root_is_valid = _read_root(codes.take((first + start)[:, np.newaxis] + _ROOT), root_length)
    # Transposed, so that each character position is one contiguous array.
    suffix = codes.take(first + np.maximum(length - SUFFIX_LENGTH, 0) + _SUFFIX[:, np.newaxis])
    # Unsigned, so that characters below "0" become large: one comparison finds every character that is no digit.
    digits = np.delete(suffix, 6, axis=0) - np.uint32(ord("0"))
    are_digits = np.all(digits <= 9, axis=0)
    digits *= are_digits
    expiration, date_is_valid = _read_dates(digits[:6])
    thousandths = _read_number(digits[6:])
    kind = suffix[6]
    is_call = kind == ord("C")

    good = fits & root_is_valid & date_is_valid & (is_call | (kind == ord("P")))
    good &= are_digits & (thousandths > 0)
    if not good.all():
        bad = np.flatnonzero(~good).tolist()
        given = [tickers] if isinstance(tickers, str) else tickers
        if any(_POINTED.fullmatch(given[index]) for index in bad):
            return _parse_without_points(list(map(str, given)), bad)
        raise BadTickerError([str(given[index]) for index in bad], bad)
    return Contracts(root, expiration, is_call, thousandths / 1000.0)


def _parse_without_points(tickers: list[str], bad: list[int]) -> Contracts:
    """Parse tickers of which those at `bad` were refused, without the points that roots may have."""
    plain = tickers.copy()
    for index in bad:
        if _POINTED.fullmatch(tickers[index]):
            plain[index] = tickers[index].replace(".", "")
    try:
        return parse_tickers(plain)
    except BadTickerError as error:
        raise BadTickerError([tickers[index] for index in error.indices], error.indices) from None


def is_adjusted(root: npt.NDArray[np.str_], multiplier: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which contracts are adjusted, shape (n,): after a split, merger or spin-off they deliver something else.

    Their root ends in a digit (AMD1), or their multiplier is not 100. A NaN multiplier is unknown and decides nothing.
    """
    names, _, place = distinct(root)
    ends_in_digit = np.array([name[-1:].isdigit() for name in names.tolist()], dtype=np.bool_)
    renamed = ends_in_digit[place] if len(names) else np.zeros(0, dtype=np.bool_)
    adjusted: npt.NDArray[np.bool_] = renamed | ((multiplier != SHARES_PER_CONTRACT) & ~np.isnan(multiplier))
    return adjusted


def usual_multiplier(
    root: npt.NDArray[np.str_], multiplier: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return multipliers, shape (n,), where those that are absent (NaN) are 100, except for adjusted contracts."""
    return np.where(np.isnan(multiplier) & ~is_adjusted(root, multiplier), SHARES_PER_CONTRACT, multiplier)


def value_of_root(root: str, values: Mapping[str, _Value]) -> _Value | None:
    """Return the value of an option root, in `values` by root without points.

    For an adjusted root without one (AMD1) that of the standard root (AMD).
    """
    plain = option_root(root) if "." in root else root
    found = values.get(plain)
    return values.get(plain[:-1]) if found is None and plain[-1:].isdigit() else found


def option_root(symbol: str) -> str:
    """Return the root of an underlying's standard contracts, its letters and digits: BRKB for BRK.B."""
    return "".join(letter for letter in symbol if letter.isalnum())


def is_adjusted_ticker(ticker: str) -> bool:
    """Return whether a contract ticker has the root of an adjusted contract, which ends in a digit."""
    return ticker[-SUFFIX_LENGTH - 1 : -SUFFIX_LENGTH].isdigit()


def names_contract(ticker: str) -> bool:
    """Return whether `parse_tickers` accepts a ticker. For single tickers, which cost 200 µs with numpy columns."""
    found = _TICKER.fullmatch(ticker)
    return found is not None and found[2] != "00000000" and _is_date(found[1])


@lru_cache(maxsize=4096)
def _is_date(digits: str) -> bool:
    try:
        dt.date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return False
    return True


def _read_root(
    root: npt.NDArray[np.uint32], root_length: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.bool_]]:
    outside = root_length[:, np.newaxis] <= _ROOT
    root[outside] = 0
    # Unsigned, so that characters before "A" or "0" become large, as for the digits of the suffix.
    fits = (root - np.uint32(ord("A")) < 26) | (root - np.uint32(ord("0")) < 10) | outside
    valid: npt.NDArray[np.bool_] = np.all(fits, axis=1)
    return root.view(f"U{ROOT_LENGTH}").reshape(-1), valid


def _read_dates(
    digits: npt.NDArray[np.uint32],
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_]]:
    """Parse six digits YYMMDD, years 2000 to 2099, and return whether they are an existing date."""
    # A chain has few expirations, and numpy is slow at the length of months.
    number, member = np.unique(_read_number(digits), return_inverse=True)
    month, day = number // 100 % 100, number % 100
    first = ((number // 10_000 + 30) * 12 + month - 1).astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (date.astype("datetime64[M]") == first)
    return date[member], exists[member]


def _read_number(digits: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    number = np.zeros(digits.shape[1], dtype=np.int64)
    for position in digits:
        number = number * 10 + position
    return number


@overload
def format_ticker(
    root: str, expiration: dt.date | np.datetime64 | str, is_call: bool, strike: float
) -> str: ...
@overload
def format_ticker(
    root: npt.ArrayLike, expiration: Dates, is_call: npt.ArrayLike, strike: npt.ArrayLike
) -> npt.NDArray[np.str_]: ...
def format_ticker(
    root: npt.ArrayLike, expiration: Dates, is_call: npt.ArrayLike, strike: npt.ArrayLike
) -> str | npt.NDArray[np.str_]:
    """Return contract tickers in the provider's form, ``O:SPXW251219C06475000``.

    This is the inverse of ``parse_tickers``. Arguments broadcast; scalars give a str, arrays an array of str. Raises
    ValueError for values that no ticker can have: a root that is not one to six capital letters or digits, an
    expiration outside 2000 to 2099, a strike that is no multiple of 0.001 between 0.001 and 99,999.999.
    """
    roots, dates, calls, strikes = np.broadcast_arrays(
        np.asarray(root, dtype=np.str_),
        np.asarray(expiration, dtype="datetime64[D]"),
        np.asarray(is_call, dtype=np.bool_),
        np.asarray(strike, dtype=np.float64),
    )
    if not ((dates >= _YEAR_2000) & (dates < _YEAR_2100)).all():
        raise ValueError("the expiration of a contract ticker must be between 2000-01-01 and 2099-12-31")
    finite = np.where(np.isfinite(strikes), strikes, 0.0)
    thousandths = np.rint(finite * 1000.0)
    on_grid = np.isclose(thousandths, finite * 1000.0, rtol=1e-12, atol=1e-6)
    if not (on_grid & (thousandths >= 1) & (thousandths <= _LARGEST_THOUSANDTHS)).all():
        raise ValueError(
            "the strike of a contract ticker must be a multiple of 0.001 from 0.001 to 99999.999"
        )
    suffix = _write_suffix(dates, calls, thousandths)
    written = np.asarray(np.strings.add(np.strings.add("O:", roots), suffix))
    try:
        parse_tickers(written.reshape(-1))
        is_root_plain = not (np.strings.find(roots, ".") >= 0).any()
    except BadTickerError:
        is_root_plain = False
    if not is_root_plain:
        raise ValueError("the root of a contract ticker must be one to six capital letters or digits")
    return str(written) if written.ndim == 0 else written


def _write_suffix(
    dates: npt.NDArray[np.datetime64], calls: npt.NDArray[np.bool_], thousandths: npt.NDArray[np.float64]
) -> npt.NDArray[np.str_]:
    months = dates.astype("datetime64[M]")
    month_number = months.astype(np.int64)
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    number = (month_number // 12 - 30) * 10_000 + (month_number % 12 + 1) * 100 + day
    codes = np.empty((*dates.shape, SUFFIX_LENGTH), dtype=_CODES)
    codes[..., :6] = number[..., np.newaxis] // 10 ** np.arange(5, -1, -1) % 10 + ord("0")
    codes[..., 6] = np.where(calls, ord("C"), ord("P"))
    strike_digits = thousandths.astype(np.int64)[..., np.newaxis] // 10 ** np.arange(7, -1, -1) % 10
    codes[..., 7:] = strike_digits + ord("0")
    return codes.view(f"U{SUFFIX_LENGTH}")[..., 0]
