"""Encoder of PostgreSQL's binary COPY format from numpy columns, without a loop over rows.

A chunk of rows is one structured array: the field count, then for every column its length and its data at full width,
all big-endian. The bytes of the array are the stream, except that NULL has no data and that texts have different
lengths. A boolean array of the same layout marks the bytes to keep. Format: PostgreSQL documentation, COPY, "Binary
Format".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse.loading.copy_numeric import numeric_digits

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)  # signature, flags, length of the header's extension
TRAILER = b"\xff\xff"
CHUNK_ROWS = 4096  # a chunk of 25 columns and its mask fit into a core's cache

_POSTGRES_EPOCH = np.datetime64("2000-01-01", "D").astype(np.int64)

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One encoded column. Arrays have one entry per row, or one for all rows."""

    data: Array  # big-endian; a text column is of dtype S
    missing: Array | None  # true for NULL; None when no row is NULL
    lengths: Array | None = None  # length of each text in bytes; None for types of fixed width


def field(column: str, kind: str, values: Any) -> Field:
    """Encode one column of the given SQL type from an array, or from one scalar for all rows.

    NaN, NaT, empty text and masked entries become NULL. `numeric` accepts numbers of at most 15 digits. Raises
    ValueError, with the name of the column, for a value that the type cannot hold.
    """
    masked = np.atleast_1d(np.ma.getmaskarray(values)) if isinstance(values, np.ma.MaskedArray) else None
    array = np.atleast_1d(np.ma.getdata(values))
    try:
        made: Field = _KINDS[kind](array)
    except ValueError as error:
        raise ValueError(f"column {column}: {error}") from None
    if masked is None or not masked.any():
        return made
    return Field(made.data, masked if made.missing is None else made.missing | masked, made.lengths)


def chunks(fields: Sequence[Field], rows: int) -> Iterator[bytes]:
    """Yield the COPY stream of `rows` rows, with header and trailer, in parts of at most some megabytes."""
    yield HEADER
    for first in range(0, rows, CHUNK_ROWS):
        yield _chunk(
            [_cut(f, slice(first, first + CHUNK_ROWS)) for f in fields], min(CHUNK_ROWS, rows - first)
        )
    yield TRAILER


def _cut(whole: Field, part: slice) -> Field:
    def piece(array: Array | None) -> Array | None:
        return array if array is None or len(array) == 1 else array[part]

    return Field(
        whole.data if len(whole.data) == 1 else whole.data[part], piece(whole.missing), piece(whole.lengths)
    )


def _chunk(fields: Sequence[Field], rows: int) -> bytes:
    layout: list[Any] = [("count", ">i2")]
    for i, f in enumerate(fields):
        layout += [(f"length{i}", ">i4"), (f"data{i}", f.data.dtype, f.data.shape[1:])]
    record = np.empty(rows, dtype=np.dtype(layout))
    record["count"] = len(fields)
    dropped: list[tuple[int, Array]] = []  # column, and (rows or 1, width) true for bytes to omit
    for i, f in enumerate(fields):
        record[f"data{i}"] = f.data
        width = record.dtype[f"data{i}"].itemsize
        lengths: Any = width if f.lengths is None else f.lengths
        if f.missing is not None:
            lengths = np.where(f.missing, -1, lengths)
        record[f"length{i}"] = lengths
        if f.missing is not None or (f.lengths is not None and (f.lengths != width).any()):
            dropped.append((i, np.arange(width) >= np.asarray(lengths)[:, None]))
    if not dropped:
        return record.tobytes()
    keep = np.ones((rows, record.dtype.itemsize), dtype=bool)
    for i, gone in dropped:
        start = record.dtype.fields[f"data{i}"][1]  # type: ignore[index]  # the dtype is structured
        np.logical_not(gone, out=keep[:, start : start + gone.shape[1]])
    return record.view(np.uint8).reshape(rows, -1)[keep].tobytes()


def _whole(bits: int) -> Any:
    def encode(array: Array) -> Field:
        missing = None
        if array.dtype.kind == "f":
            missing = _some(np.isnan(array))
            array = np.where(np.isnan(array), 0.0, array)
            if (array != np.rint(array)).any():
                raise ValueError(f"{array[array != np.rint(array)][0]} is not a whole number")
        elif array.dtype.kind not in "iu":
            raise ValueError(f"whole numbers are needed, not {array.dtype}")
        limit = 2 ** (bits - 1)
        if array.size and not (-limit <= array.min() and array.max() < limit):
            raise ValueError(f"a value lies outside {bits} bits")
        return Field(array.astype(f">i{bits // 8}"), missing)

    return encode


def _double(array: Array) -> Field:
    array = array.astype(np.float64)
    if np.isinf(array).any():
        raise ValueError("a value is infinite")
    return Field(array.astype(">f8"), _some(np.isnan(array)))


def _boolean(array: Array) -> Field:
    if array.dtype != np.bool_:
        raise ValueError(f"booleans are needed, not {array.dtype}")
    return Field(array.astype(np.uint8), None)


def _date(array: Array) -> Field:
    array = array.astype("datetime64[D]")
    missing = np.isnat(array)
    days = np.where(missing, 0, array.astype(np.int64) - _POSTGRES_EPOCH)
    return Field(days.astype(">i4"), _some(missing))


def _text(array: Array) -> Field:
    if array.dtype.kind == "O":
        array = np.where(array == None, "", array).astype(np.str_)  # noqa: E711  # elementwise: `is` compares the array
    if array.dtype.kind == "U":
        array = _utf8(array)
    elif array.dtype.kind != "S":
        raise ValueError(f"texts are needed, not {array.dtype}")
    lengths = np.strings.str_len(array)
    return Field(array, _some(lengths == 0), lengths)


def _utf8(array: Array) -> Array:
    """Return the UTF-8 bytes of a str array. numpy stores four bytes per character; for ASCII every fourth is used."""
    width = max(array.dtype.itemsize // 4, 1)
    points = np.ascontiguousarray(array.astype(f"<U{width}")).view("<u4").reshape(len(array), width)
    if points.size and points.max() > 127:
        return np.strings.encode(array, "utf-8")
    return points.astype(np.uint8).view(f"S{width}").reshape(len(array))


def _numeric(array: Array) -> Field:
    array = array.astype(np.float64)
    if np.isinf(array).any():
        raise ValueError("a value is infinite")
    missing = np.isnan(array)
    return Field(numeric_digits(np.where(missing, 0.0, array)), _some(missing))


def _some(missing: Array) -> Array | None:
    return missing if missing.any() else None


_KINDS: dict[str, Any] = {
    "bigint": _whole(64),
    "integer": _whole(32),
    "double precision": _double,
    "numeric": _numeric,
    "boolean": _boolean,
    "date": _date,
    "text": _text,
    "text[]": _text,  # as an array literal, {ISOI,AUTO}; cast when copied from the staging table
    "double precision[]": _text,  # likewise
    "jsonb": _text,  # as JSON text; cast too
}
