"""Quote tables as saved from Cboe's delayed-quotes page, converted to one row per contract.

A few lines about the underlying come first, then calls and puts of one strike side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingestion.imports.columns import UnknownLayout

PREAMBLE_LINES = 10
HEADER = ["quote_date", "spot", "contract", "type", "expiration", "strike"]
_SIDE_COLUMNS = {
    "Last Sale": "last",
    "Bid": "bid",
    "Ask": "ask",
    "Volume": "volume",
    "IV": "implied_volatility",
    "Delta": "delta",
    "Gamma": "gamma",
    "Open Interest": "open_interest",
}
_STAMP = re.compile(r"([A-Z][a-z]+ \d{1,2},? \d{4})(?: at|,)? (\d{1,2}:\d{2} [AP]M)")
_LAST = re.compile(r"Last:?\s*\$?([\d,]*\.?\d+)")


class QuoteTable:
    """The layout of one file: the position of its columns, and the date and price in the lines above its header."""

    def __init__(self, header: Sequence[str], above: str) -> None:
        headers = [cell.strip() for cell in header]
        calls, puts, self._strike = headers.index("Calls"), headers.index("Puts"), headers.index("Strike")
        self._expiration = headers.index("Expiration Date")
        self._sides = [
            (option_type, at, [_column(headers, name, at) for name in _SIDE_COLUMNS])
            for option_type, at in (("call", calls), ("put", puts))
        ]
        self.width = len(headers)
        self.header = [*HEADER, *_SIDE_COLUMNS.values()]
        stamp, spot = _STAMP.search(above), _LAST.search(above)
        if stamp is None:
            raise UnknownLayout(
                "the lines above the quote table contain no date such as 'September 14, 2023 at 4:31 PM EDT'"
            )
        self._stamp = f"{stamp[1].replace(',', '')} {stamp[2]}"
        self._spot = spot[1].replace(",", "") if spot else ""

    @staticmethod
    def is_header(cells: Sequence[str]) -> bool:
        return {"Calls", "Puts", "Strike", "Expiration Date"} <= {cell.strip() for cell in cells}

    def contracts(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        """Yield one row for the call and one for the put of each line.

        A line that is too short is yielded unchanged.
        """
        for cells in rows:
            if len(cells) < self.width:
                yield cells
                continue
            terms = [cells[self._expiration], cells[self._strike]]
            for option_type, ticker, columns in self._sides:
                yield [
                    self._stamp,
                    self._spot,
                    cells[ticker],
                    option_type,
                    *terms,
                    *(cells[column] for column in columns),
                ]


def _column(headers: list[str], name: str, after: int) -> int:
    try:
        return headers.index(name, after)
    except ValueError:
        raise UnknownLayout(f"the quote table has no column {name!r} after {headers[after]!r}") from None
