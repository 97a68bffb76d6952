"""A file's snapshots, one after the other, so that a file of many years needs the memory of one snapshot."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import IO

from ingestion.imports.columns import UnknownLayout, find_columns, require
from ingestion.imports.quote_table import PREAMBLE_LINES, QuoteTable
from warehouse.gzip_files import unzipped

WRONG_LENGTH = "wrong_number_of_fields"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of one date or moment of a file, by column; `cut` rows had another number of fields than the header."""

    quote_date: str
    cells: Mapping[str, tuple[str, ...]]
    rows: int
    cut: int
    bytes_read: int  # of the file, compressed where it is

    def __len__(self) -> int:
        return self.rows


def snapshots(path: Path, told: Mapping[str, str], symbol: str | None) -> Iterator[Snapshot]:
    """The snapshots of a CSV file (plain or gzipped), in its order. `told` names columns by their headers.

    Raises UnknownLayout with one sentence where the file, its columns or its order cannot be read.
    """
    with ExitStack() as opened:
        try:
            raw = opened.enter_context(path.open("rb"))
            text = opened.enter_context(io.TextIOWrapper(unzipped(raw), encoding="utf-8-sig", newline=""))
            for quote_date, cells, rows, cut in _read(text, told, symbol):
                yield Snapshot(quote_date, cells, rows, cut, raw.tell())
        except UnknownLayout as error:
            raise UnknownLayout(f"{path.name}: {error}") from None
        except OSError as error:  # a damaged gzip is one too
            raise UnknownLayout(f"{path.name} cannot be read: {error.strerror or error}") from None
        except (UnicodeDecodeError, csv.Error, EOFError, zlib.error):
            raise UnknownLayout(f"{path.name} is not a text file of comma separated values") from None


def size(path: Path) -> int:
    """Bytes of a file; 0 where it cannot be read."""
    return path.stat().st_size if path.is_file() else 0


def _read(
    text: IO[str], told: Mapping[str, str], symbol: str | None
) -> Iterator[tuple[str, dict[str, tuple[str, ...]], int, int]]:
    """Date, cells by column, rows and rows cut of each snapshot."""
    rows = csv.reader(text)
    header, table = _layout(rows)
    column = find_columns(header, told)
    require(column, symbol)
    width = len(header)
    seen: set[str] = set()
    for quote_date, group in groupby(_dated(table, column["quote_date"]), key=itemgetter(0)):
        if quote_date in seen:
            raise UnknownLayout(f"the rows of {quote_date} do not stand together; sort the file by date")
        seen.add(quote_date)
        found = [row for _, row in group]
        good = [row for row in found if len(row) == width]
        columns = list(zip(*good, strict=True)) or [()] * width
        cells = {name: columns[place] for name, place in column.items()}
        yield quote_date, cells, len(found), len(found) - len(good)


def _layout(rows: Iterator[list[str]]) -> tuple[list[str], Iterator[list[str]]]:
    """The header and the rows under it, of one contract each."""
    above = list(islice(rows, PREAMBLE_LINES))
    for line, cells in enumerate(above):
        if QuoteTable.is_header(cells):
            preamble = "\n".join(",".join(earlier) for earlier in above[:line])
            table = QuoteTable(cells, preamble)
            return table.header, table.contracts(chain(above[line + 1 :], rows))
    for line, cells in enumerate(above):
        if len(cells) > 1:
            return [cell.strip() for cell in cells], chain(above[line + 1 :], rows)
    raise UnknownLayout("the file holds no table")


def _dated(rows: Iterator[list[str]], place: int) -> Iterator[tuple[str, list[str]]]:
    """Each row with its date; one too short to hold a date belongs to the snapshot it stands in."""
    last = ""
    for row in rows:
        if any(row):
            last = row[place].strip() if len(row) > place else last
            yield last, row
