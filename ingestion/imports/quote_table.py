"""A quote table as Cboe's delayed-quotes page saves it: a few lines about the underlying, then calls and puts of one
strike side by side. Turned here into rows of one contract each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingestion.imports.columns import UnknownLayout

PREAMBLE_LINES = 10
HEADER = ["quote_date", "spot", "contract", "type", "expiration", "strike"]
_SIDE = {
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
    """The layout of one file: where its header stands, and what the lines above it say."""

    def __init__(self, header: Sequence[str], above: str) -> None:
        titles = [cell.strip() for cell in header]
        calls, puts, self._strike = titles.index("Calls"), titles.index("Puts"), titles.index("Strike")
        self._expiration = titles.index("Expiration Date")
        self._sides = [
            (kind, at, [_place(titles, title, at) for title in _SIDE])
            for kind, at in (("call", calls), ("put", puts))
        ]
        self.width = len(titles)
        self.header = [*HEADER, *_SIDE.values()]
        stamp, spot = _STAMP.search(above), _LAST.search(above)
        if stamp is None:
            raise UnknownLayout(
                "the quote table names no date such as 'September 14, 2023 at 4:31 PM EDT' above it"
            )
        self._stamp = f"{stamp[1].replace(',', '')} {stamp[2]}"
        self._spot = spot[1].replace(",", "") if spot else ""

    @staticmethod
    def is_header(cells: Sequence[str]) -> bool:
        return {"Calls", "Puts", "Strike", "Expiration Date"} <= {cell.strip() for cell in cells}

    def contracts(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        """A row for the call and one for the put of each line; a line of another length stays as it is."""
        for cells in rows:
            if len(cells) < self.width:
                yield cells
                continue
            terms = [cells[self._expiration], cells[self._strike]]
            for kind, ticker, places in self._sides:
                yield [
                    self._stamp,
                    self._spot,
                    cells[ticker],
                    kind,
                    *terms,
                    *(cells[place] for place in places),
                ]


def _place(titles: list[str], title: str, after: int) -> int:
    try:
        return titles.index(title, after)
    except ValueError:
        raise UnknownLayout(f"the quote table has no column {title!r} after {titles[after]!r}") from None
