"""Parsing of CSV blocks to numpy columns without a loop over rows, for files of hundreds of millions of lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]

_LINE, _COMMA, _QUOTE, _RETURN, _ZERO, _NINE, _POINT = b'\n,"\r09.'
_DIGITS = 19
_WIDEST = 24  # bytes of a number: its digits, a point and a few more


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines of a block: begin and end of each without the line break, shape (n,)."""

    text: Bytes
    begin: Positions
    end: Positions

    def __len__(self) -> int:
        return len(self.begin)

    @classmethod
    def of(cls, block: bytes) -> Lines:
        """Return the non-empty lines of a block that ends with a line break."""
        text = np.frombuffer(block, dtype=np.uint8)
        end = np.flatnonzero(text == _LINE)
        begin = np.append(0, end[:-1] + 1)[: len(end)]
        end = end - (text[np.maximum(end - 1, 0)] == _RETURN)
        filled = end > begin
        return cls(text, begin[filled], end[filled])

    def select(self, wanted: NDArray[Any]) -> Lines:
        return Lines(self.text, self.begin[wanted], self.end[wanted])

    def fields(self, count: int) -> tuple[Fields, Mask]:
        """Return the fields of the lines that have `count` of them, and a mask of these lines, shape (n,).

        A comma inside double quotes does not separate fields.
        """
        line = np.repeat(np.arange(len(self)), self.end - self.begin)
        # Positions in the text of the bytes that belong to lines.
        starts = np.cumsum(self.end - self.begin) - (self.end - self.begin)
        at = np.arange(len(line)) - starts[line] + self.begin[line] if len(line) else np.empty(0, np.int64)
        byte = self.text[at]
        quotes = np.cumsum(byte == _QUOTE)
        before = np.append(0, quotes)[starts] if len(self) else quotes
        inside = (quotes - before[line]) % 2 == 1 if len(line) else np.empty(0, np.bool_)
        commas = (byte == _COMMA) & ~inside
        good = np.bincount(line[commas], minlength=len(self)) == count - 1
        comma = at[commas & good[line]].reshape(-1, count - 1)
        begin = np.column_stack((self.begin[good], comma + 1))
        end = np.column_stack((comma, self.end[good]))
        return Fields(self.text, begin, end), good


@dataclass(frozen=True, slots=True)
class Fields:
    """Cells of n lines and k columns: begin and end of each, shape (n, k)."""

    text: Bytes
    begin: Positions
    end: Positions

    def text_of(self, column: int, width: int) -> NDArray[np.bytes_]:
        """Return a column as bytes of at most `width`, without surrounding double quotes; shape (n,)."""
        return _strings(*self._cells(column, width))

    def integers(self, column: int) -> tuple[NDArray[np.int64], Mask]:
        """Return a column of integers (an empty cell is 0), and a mask of the valid cells; shape (n,)."""
        cells, length = self._cells(column, _WIDEST)
        inside = np.arange(_WIDEST) < length[:, None]
        digits = (cells - _ZERO) <= 9
        good: Mask = (digits | ~inside).all(axis=1) & (length <= _DIGITS)
        good &= (length < _DIGITS) | (cells[:, 0] < _NINE)  # fits into an int64 for certain
        values = np.zeros(len(length), dtype=np.int64)
        for place in range(min(int(length.max(initial=0)), _DIGITS)):
            present = good & (place < length)
            values = np.where(present, values * 10 + (cells[:, place] - _ZERO).astype(np.int64), values)
        return values, good

    def decimals(self, column: int) -> tuple[NDArray[np.float64], Mask]:
        """Return a column of plain decimal numbers, NaN where invalid, and a mask of the valid cells; shape (n,)."""
        cells, length = self._cells(column, _WIDEST)
        inside = np.arange(_WIDEST) < length[:, None]
        point = (cells == _POINT) & inside
        digit = ((cells - _ZERO) <= 9) & inside
        good: Mask = ((digit | point) == inside).all(axis=1) & digit.any(axis=1)
        good &= (point.sum(axis=1) <= 1) & (length < _WIDEST)
        values = np.full(len(length), np.nan)
        values[good] = _strings(cells[good], length[good]).astype(np.float64)
        return values, good

    def _cells(self, column: int, width: int) -> tuple[Bytes, Positions]:
        """Return the bytes of each cell, (n, width), padded with zeros, and its length, which may exceed the width."""
        begin, end = self.begin[:, column], self.end[:, column]
        if len(begin):
            quoted = (end - begin >= 2) & (self.text[np.minimum(begin, len(self.text) - 1)] == _QUOTE)
            begin, end = begin + quoted, end - quoted
        length = end - begin
        at = np.minimum(begin[:, None] + np.arange(width), len(self.text) - 1)
        cells = np.where(np.arange(width) < length[:, None], self.text[at], np.uint8(0))
        return cells, length


def _strings(cells: Bytes, length: Positions) -> NDArray[np.bytes_]:
    width = cells.shape[1]
    return np.ascontiguousarray(cells).view(f"S{width}").reshape(len(length))
