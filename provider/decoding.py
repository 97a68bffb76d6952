"""Decoding of response bodies into typed records.

The functions are pure, so that they can be tested and timed without a network. A page is decoded in one pass. Only
when a row does not fit its type is the page decoded again row by row, so that the 249 good rows are kept and the
bad one is counted with a reason. A body that is not JSON raises `BadPage`.

The provider may send variants that mean the same as the documented form: an integer with a decimal point (`2.0`), and a
single condition without its list (`209` for `[209]`). The typed decoders reject them; what they reject is decoded a
second time as a variant, so that the documented form costs no time.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from provider.errors import BadPage
from provider.records import Aggregate, ChainRow, IndexRow, LastTrade, OpenClose, Quote, Trade, UniversalRow
from provider.reference import Condition, Contract, Dividend, Exchange, Holiday, MarketStatus, Split

Row = TypeVar("Row")
Object = TypeVar("Object")

# A response with HTTP status 200 and one of these is an error. OK and DELAYED are the two normal values.
_REFUSALS = frozenset({"ERROR", "NOT_AUTHORIZED", "NOT_FOUND"})
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")
_POSITION = re.compile(r"\[\d+\]")
_MISSING = re.compile(r"missing required field `(\w+)`")


class Page(NamedTuple, Generic[Row]):
    """The rows of one page, `next_url` (None on the last page) and the number of rejected rows by reason."""

    rows: list[Row]
    next_url: str | None
    delayed: bool
    rejected: Counter[str]


class _Envelope(msgspec.Struct, Generic[Row]):
    results: list[Row] | None = None
    next_url: str | None = None
    status: str | None = None
    results_count: float | None = msgspec.field(name="resultsCount", default=None)


class _Single(msgspec.Struct, Generic[Object]):
    results: Object


def _bad(body: bytes, error: Exception | None, what: str) -> BadPage:
    if not body:
        return BadPage("the answer is empty")
    if isinstance(error, RecursionError):
        return BadPage("the answer is nested too deeply to be a page")
    return BadPage(f"the answer is not {what}: {error}")


_LARGEST_EXACT = 2**53  # every integer up to here is a float without rounding
# Exceptions for values that are no variant either. A long integer overflows a float field.
UNREADABLE = (ValueError, OverflowError, RecursionError)
# UnicodeDecodeError and DecodeError are both ValueErrors; any other exception is a bug and must not be caught.
_UNDECODABLE = (ValueError, RecursionError)


class PageDecoder(Generic[Row]):
    """Reusable decoder of pages `{"results": [...], "next_url": …, "status": …}` of one row type.

    With `absent_is_empty`, a page without `results` and with `resultsCount` 0 is an empty page: aggregates send
    this when there are no bars. Otherwise a page without `results` raises `BadPage`.
    """

    def __init__(self, row: type[Row], *, absent_is_empty: bool = False) -> None:
        self._typed: msgspec.json.Decoder[_Envelope[Row]] = msgspec.json.Decoder(_Envelope[row])  # type: ignore[valid-type]  # a type argument known at run time only
        self._row = msgspec.json.Decoder(row)
        self._absent_is_empty = absent_is_empty

    def __call__(self, body: bytes) -> Page[Row]:
        """Return the page in `body`. Raises `BadPage`."""
        try:
            try:
                envelope = self._typed.decode(body)
                rows, rejected = envelope.results, Counter[str]()
            except msgspec.ValidationError:
                loose = _raw_envelope.decode(body)
                envelope = _Envelope(None, loose.next_url, loose.status, loose.results_count)
                rows, rejected = (
                    (None, Counter()) if loose.results is None else _each(self._row, loose.results)
                )
        except _UNDECODABLE as error:
            failure = _bad(body, error, "a page")
        else:
            return self._checked(rows, envelope, rejected)
        raise failure

    def _checked(self, rows: list[Row] | None, envelope: _Envelope[Row], rejected: Counter[str]) -> Page[Row]:
        if envelope.status in _REFUSALS:
            raise BadPage(f"the answer is a page with the status {envelope.status}")
        if rows is None:
            if not self._absent_is_empty or envelope.results_count:
                raise BadPage("the page has no results")
            rows = []
        return Page(rows, envelope.next_url or None, envelope.status == "DELAYED", rejected)


_raw_envelope = msgspec.json.Decoder(_Envelope[msgspec.Raw])


class ListDecoder(Generic[Row]):
    """Decoder of responses that are a bare array of rows, returned as one page."""

    def __init__(self, row: type[Row]) -> None:
        self._row = msgspec.json.Decoder(row)

    def __call__(self, body: bytes) -> Page[Row]:
        """Return the rows in `body`. Raises `BadPage`."""
        try:
            rows, rejected = _each(self._row, _raw_list.decode(body))
        except _UNDECODABLE as error:
            failure = _bad(body, error, "a list")
        else:
            return Page(rows, None, False, rejected)
        raise failure


_raw_list = msgspec.json.Decoder(list[msgspec.Raw])


def object_decoder(kind: type[Object], conditions: str = "conditions") -> Callable[[bytes], Object]:
    """Return a decoder of responses that are one flat object. The decoder raises `BadPage`.

    `conditions` is the name of the field with the conditions of a trade.
    """
    decoder = msgspec.json.Decoder(kind)

    def decode(body: bytes) -> Object:
        try:
            return _decoded(decoder, body, conditions)
        except _UNDECODABLE as error:
            failure = _bad(body, error, "the expected object")
        raise failure

    return decode


def single_decoder(kind: type[Object], conditions: str = "conditions") -> Callable[[bytes], Object]:
    """Return a decoder of responses whose `results` is one object. See `object_decoder`."""
    decode = object_decoder(_Single[kind], conditions)  # type: ignore[valid-type]  # a type argument known at run time only
    return lambda body: decode(body).results


def _each(decoder: msgspec.json.Decoder[Row], raws: list[msgspec.Raw]) -> tuple[list[Row], Counter[str]]:
    rows: list[Row] = []
    rejected: Counter[str] = Counter()
    for raw in raws:
        try:
            rows.append(_decoded(decoder, raw))
        except msgspec.ValidationError as error:
            rejected[reason(error)] += 1
    return rows, rejected


def _decoded(
    decoder: msgspec.json.Decoder[Object], raw: bytes | msgspec.Raw, conditions: str = "conditions"
) -> Object:
    """Return a row or an object, also when it is a variant. Raises the `ValidationError` of the documented form."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        try:
            return msgspec.convert(_with_lists(plain(raw), conditions), decoder.type)
        except UNREADABLE:
            raise error from None


def reason(error: msgspec.ValidationError) -> str:
    """Return why a row was rejected, as `missing details.ticker` or `malformed greeks.delta`.

    The value is left out, so that equal errors are counted together.
    """
    text = str(error)
    place = _POSITION.sub("[]", match.group(1)) if (match := _PLACE.search(text)) else ""
    if missing := _MISSING.search(text):
        return f"missing {place}.{missing.group(1)}" if place else f"missing {missing.group(1)}"
    return f"malformed {place}" if place else "malformed row"


def plain(raw: bytes | msgspec.Raw) -> Any:
    """Return a JSON value as dict, list, str, int, float, bool or None; numbers without a fraction are int.

    Raises ValueError for text that is not JSON and RecursionError for too many levels.
    """
    return _plain.decode(raw)


def plain_list(raw: bytes) -> list[Any]:
    """Return the values of a JSON array as `plain` does. Raises ValueError also for JSON that is not an array."""
    return _plain_list.decode(raw)


def as_list(value: Any) -> Any:
    """Return a list of one number for a bare integer, and any other value unchanged."""
    return [value] if type(value) is int else value


def _with_lists(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_with_lists(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: as_list(item) if key == name else _with_lists(item, name) for key, item in value.items()}


def _number(text: str) -> int | float | str:
    """Return the number in a JSON float, from its digits where they end in `.0`, so that none is rounded."""
    whole, _, fraction = text.partition(".")
    number = float(text)
    if math.isinf(number):
        return text  # too large for a float: no field for numbers accepts the text
    if fraction and not fraction.strip("0"):
        return int(whole)
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT else number


_plain = msgspec.json.Decoder(float_hook=_number)
_plain_list = msgspec.json.Decoder(list[Any], float_hook=_number)

decode_chain_page = PageDecoder(ChainRow)
decode_contract_page = PageDecoder(Contract)
decode_index_page = PageDecoder(IndexRow)
decode_universal_page = PageDecoder(UniversalRow)
decode_aggregate_page = PageDecoder(Aggregate, absent_is_empty=True)
decode_trade_page = PageDecoder(Trade)
decode_quote_page = PageDecoder(Quote)
decode_dividend_page = PageDecoder(Dividend)
decode_split_page = PageDecoder(Split)
decode_condition_page = PageDecoder(Condition)
decode_exchange_page = PageDecoder(Exchange)
decode_holidays = ListDecoder(Holiday)
decode_market_status = object_decoder(MarketStatus)
decode_contract_snapshot = single_decoder(ChainRow)
decode_contract = single_decoder(Contract)
decode_open_close = object_decoder(OpenClose)
decode_last_trade = single_decoder(LastTrade, "c")
