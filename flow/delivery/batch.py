"""A batch of trades, in memory as columns and between consumer and worker as a compact payload.

The payload is a fixed header and one zlib stream of raw little-endian columns. It holds each contract ticker once,
and one number per trade that refers to it. Few trades have more than one condition, so further conditions are
listed by row number.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from quant.trades.reports import UNKNOWN

Source = Literal["stream", "rest"]

MAX_TRADES: Final = (
    1_000_000  # far above any real batch: limits what a forged header can make a worker allocate
)
_MAGIC: Final = b"PRNT"
_VERSION: Final = 2
_HEADER: Final = struct.Struct(
    "<4sBBxxIII"
)  # magic, version, source, number of trades, bytes of tickers, bytes of conditions
_FASTEST: Final = 1
_SOURCES: Final[tuple[Source, ...]] = get_args(Source)

# Type of each column in memory and in the payload, in payload order.
_COLUMNS: Final[dict[str, str]] = {
    "timestamp_ms": "<i8",
    "sequence_number": "<i8",
    "price": "<f8",
    "size": "<i8",
    "exchange": "<i4",
    "condition": "<i4",
    "bid": "<f8",
    "ask": "<f8",
    "bid_size": "<f8",
    "ask_size": "<f8",
    "quote_age_ms": "<f8",
    "underlying_price": "<f8",
    "underlying_age_ms": "<f8",
    "average_size": "<f8",
    "received_at_ms": "<i8",
    "large_size": "<f8",
    "trade_rate": "<f8",
    "first_report": "<i8",
    "last_report": "<i8",
}
_ABSENT: Any = None
# Columns that payloads of version 1, and senders that do not know them, lack.
_LATER: Final[dict[str, float | int]] = {
    "large_size": np.nan,
    "trade_rate": np.nan,
    "first_report": UNKNOWN,
    "last_report": UNKNOWN,
}
_VERSIONS: Final[dict[int, tuple[str, ...]]] = {
    1: tuple(name for name in _COLUMNS if name not in _LATER),
    _VERSION: tuple(_COLUMNS),
}

_EMPTY: Final[dict[str, NDArray[Any]]] = {
    name: np.empty(0, dtype=kind) for name, kind in _COLUMNS.items()
} | {name: np.empty(0, dtype="S1") for name in ("contract_ticker", "conditions")}

Text = NDArray[np.bytes_]
Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Small = NDArray[np.int32]


class BadPayload(ValueError):
    """The bytes are no batch of trades in a version that this code reads. Decoding them again fails too."""


@dataclass(frozen=True, slots=True)
class TradeBatch:
    """Trades in order of arrival, one array entry each. Times are epoch ms UTC; NaN means unknown.

    Raises ValueError when the columns differ in length or a value does not fit the type of its column.
    """

    contract_ticker: Text
    timestamp_ms: Whole  # exchange time
    sequence_number: Whole  # negative where the provider sent none
    price: Real  # dollars per share
    size: Whole  # contracts
    exchange: Small
    condition: Small  # the first id; 0 means none
    conditions: Text  # all ids joined by commas where there are several, else empty
    bid: Real  # of the last quote before the trade
    ask: Real
    bid_size: Real  # contracts
    ask_size: Real
    quote_age_ms: Real
    underlying_price: Real
    underlying_age_ms: Real
    average_size: Real  # mean size of the underlying's trades, contracts
    received_at_ms: Whole
    # The following become columns of unknown values where they are not given.
    large_size: Real = _ABSENT  # 95th percentile of the underlying's trade sizes, contracts
    trade_rate: Real = _ABSENT  # trades per ms of the contract, see `quant.trades.trade_rate`
    # Of a cancel: sequence numbers of the contract's first and last report of the session before it, or UNKNOWN.
    first_report: Whole = _ABSENT
    last_report: Whole = _ABSENT
    source: Source = "stream"

    def __post_init__(self) -> None:
        for name, absent in _LATER.items():
            if getattr(self, name) is _ABSENT:
                object.__setattr__(self, name, np.full(len(self.timestamp_ms), absent))
        for name, kind in _COLUMNS.items():
            object.__setattr__(self, name, _column(name, kind, getattr(self, name)))
        for name in ("contract_ticker", "conditions"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.bytes_))
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)[:-1]}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a batch must have equal lengths: {lengths}")
        if self.source not in _SOURCES:
            raise ValueError(f"the source of a batch is {' or '.join(_SOURCES)}, not {self.source!r}")

    def __len__(self) -> int:
        return len(self.timestamp_ms)

    def take(self, rows: NDArray[Any]) -> TradeBatch:
        """Return the trades at `rows`, which are positions or a mask of shape (n,)."""
        return TradeBatch(
            **{f.name: getattr(self, f.name)[rows] for f in fields(self)[:-1]}, source=self.source
        )

    @classmethod
    def joined(cls, batches: Sequence[TradeBatch], source: Source = "rest") -> TradeBatch:
        """Return one batch with the trades of all batches, in order."""
        columns = {
            f.name: np.concatenate([_EMPTY[f.name], *(getattr(batch, f.name) for batch in batches)])
            for f in fields(cls)[:-1]
        }
        return cls(**columns, source=source)

    def encode(self) -> bytes:
        """Return the payload of this batch, the inverse of `decode`.

        Raises ValueError for a ticker with a line break.
        """
        tickers = self.contract_ticker.tolist()
        number = {ticker: position for position, ticker in enumerate(dict.fromkeys(tickers))}
        codes = np.array([number[ticker] for ticker in tickers], dtype="<i4")
        several = np.flatnonzero(self.conditions != b"").tolist()
        names = b"\n".join(number)
        if names.count(b"\n") >= max(len(number), 1):
            raise ValueError("a contract ticker must not contain a line break")
        extra = b"\n".join(b"%d:%s" % (row, self.conditions[row]) for row in several)
        body = b"".join(
            (codes.tobytes(), *(getattr(self, name).tobytes() for name in _COLUMNS), names, extra)
        )
        header = _HEADER.pack(
            _MAGIC, _VERSION, _SOURCES.index(self.source), len(self), len(names), len(extra)
        )
        return header + zlib.compress(body, _FASTEST)

    @classmethod
    def decode(cls, payload: bytes) -> TradeBatch:
        """Return the batch of a payload. Raises BadPayload for anything that `encode` did not write."""
        names_of_columns, source, trades, name_bytes, extra_bytes = _header(payload)
        row_bytes = 4 + sum(np.dtype(_COLUMNS[name]).itemsize for name in names_of_columns)
        body = _inflate(payload, trades * row_bytes + name_bytes + extra_bytes)
        codes, at = np.frombuffer(body, "<i4", trades), 4 * trades
        columns: dict[str, Any] = {}
        for name in names_of_columns:
            columns[name] = np.frombuffer(body, _COLUMNS[name], trades, at)
            at += columns[name].nbytes
        names = np.array(body[at : at + name_bytes].split(b"\n"), dtype=np.bytes_)
        if trades and not (codes.min() >= 0 and codes.max() < len(names)):
            raise BadPayload("a trade refers to a contract that the payload does not contain")
        return cls(
            contract_ticker=names[codes],
            conditions=_conditions(body[at + name_bytes :], trades),
            source=source,
            **columns,
        )


def _column(name: str, kind: str, values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"column {name} of a batch must have one dimension, not the shape {array.shape}")
    if array.dtype != kind:
        if array.size and not np.can_cast(array.dtype, kind, "same_kind"):
            raise ValueError(f"column {name} of a batch cannot hold {array.dtype}")
        array = array.astype(kind)
    return array


def _header(payload: bytes) -> tuple[tuple[str, ...], Source, int, int, int]:
    if len(payload) < _HEADER.size:
        raise BadPayload(f"{len(payload)} bytes are too few for a batch of trades")
    magic, version, source, trades, names, extra = _HEADER.unpack_from(payload)
    if magic != _MAGIC or version not in _VERSIONS or source >= len(_SOURCES):
        raise BadPayload(f"not a batch of trades of version {' or '.join(map(str, _VERSIONS))}")
    if trades > MAX_TRADES or names > 32 * MAX_TRADES or extra > 32 * MAX_TRADES:
        raise BadPayload(f"a batch of {trades} trades exceeds the limit of {MAX_TRADES}")
    return _VERSIONS[version], _SOURCES[source], trades, names, extra


def _inflate(payload: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        # One byte more than announced is enough to detect a longer body without inflating all of it.
        body = inflater.decompress(memoryview(payload)[_HEADER.size :], size + 1)
    except zlib.error as error:
        raise BadPayload(f"the payload is damaged: {error}") from None
    if len(body) != size or not inflater.eof or inflater.unused_data:
        raise BadPayload("the payload is truncated or longer than its header says")
    return body


def _conditions(listed: bytes, trades: int) -> Text:
    """Return the column of further conditions from its list of `row:ids`."""
    column = [b""] * trades
    try:
        for entry in listed.split(b"\n") if listed else ():
            row, ids = entry.split(b":")
            column[int(row)] = ids
    except (ValueError, IndexError):
        raise BadPayload("the list of conditions is damaged") from None
    return np.array(column, dtype=np.bytes_)
