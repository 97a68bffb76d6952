"""Snapshots of a file, read one after the other, so that a file of many years needs the memory of one snapshot."""

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

from ingestion.imports.columns import UnknownLayout, find_columns, require_columns
from ingestion.imports.quote_table import PREAMBLE_LINES, QuoteTable
from warehouse.gzip_files import unzipped

WRONG_LENGTH = "wrong_number_of_fields"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of one date or time of a file, by column.

    `malformed` counts the rows whose number of fields differs from that of the header.
    """

    quote_date: str
    cells: Mapping[str, tuple[str, ...]]
    rows: int
    malformed: int
    bytes_read: int  # of the file, which may be compressed

    def __len__(self) -> int:
        return self.rows


def snapshots(path: Path, named: Mapping[str, str], symbol: str | None) -> Iterator[Snapshot]:
    """Yield the snapshots of a CSV file (plain or gzipped), in its order. `named` maps column names to headers.

    Raises UnknownLayout with one sentence if the file, its columns or its order cannot be read.
    """
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
            text = stack.enter_context(io.TextIOWrapper(unzipped(raw), encoding="utf-8-sig", newline=""))
            for quote_date, cells, rows, malformed in _read(text, named, symbol):
                yield Snapshot(quote_date, cells, rows, malformed, raw.tell())
        except UnknownLayout as error:
            raise UnknownLayout(f"{path.name}: {error}") from None
        except OSError as error:  # includes a damaged gzip
            raise UnknownLayout(f"{path.name} cannot be read: {error.strerror or error}") from None
        except (UnicodeDecodeError, csv.Error, EOFError, zlib.error):
            raise UnknownLayout(f"{path.name} is not a text file of comma-separated values") from None


def file_size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if it cannot be read."""
    return path.stat().st_size if path.is_file() else 0


def _read(
    text: IO[str], named: Mapping[str, str], symbol: str | None
) -> Iterator[tuple[str, dict[str, tuple[str, ...]], int, int]]:
    """Yield the date, the cells by column, the number of rows and that of malformed rows of each snapshot."""
    rows = csv.reader(text)
    header, table = _layout(rows)
    column = find_columns(header, named)
    require_columns(column, symbol)
    width = len(header)
    seen: set[str] = set()
    for quote_date, group in groupby(_rows_with_dates(table, column["quote_date"]), key=itemgetter(0)):
        if quote_date in seen:
            raise UnknownLayout(f"the rows of {quote_date} are not adjacent; sort the file by date")
        seen.add(quote_date)
        group_rows = [row for _, row in group]
        complete_rows = [row for row in group_rows if len(row) == width]
        columns = list(zip(*complete_rows, strict=True)) or [()] * width
        cells = {name: columns[position] for name, position in column.items()}
        yield quote_date, cells, len(group_rows), len(group_rows) - len(complete_rows)


def _layout(rows: Iterator[list[str]]) -> tuple[list[str], Iterator[list[str]]]:
    """Return the header and the rows below it, with one contract per row."""
    first_rows = list(islice(rows, PREAMBLE_LINES))
    for line, cells in enumerate(first_rows):
        if QuoteTable.is_header(cells):
            preamble = "\n".join(",".join(earlier) for earlier in first_rows[:line])
            table = QuoteTable(cells, preamble)
            return table.header, table.contracts(chain(first_rows[line + 1 :], rows))
    for line, cells in enumerate(first_rows):
        if len(cells) > 1:
            return [cell.strip() for cell in cells], chain(first_rows[line + 1 :], rows)
    raise UnknownLayout("the file contains no table")


def _rows_with_dates(rows: Iterator[list[str]], position: int) -> Iterator[tuple[str, list[str]]]:
    """Yield each row with its date; a row too short to have a date belongs to the current snapshot."""
    last = ""
    for row in rows:
        if any(row):
            last = row[position].strip() if len(row) > position else last
            yield last, row
