"""Reader of quote tables exported from Cboe's delayed-quotes page: calls and puts of one underlying side by side.

`python -m simulator.recorded.quote_table FILE --stamp` prints a summary of the file as one JSON object.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from quant.sessions import NEW_YORK
from simulator.recorded.dividend_file import DeclaredDividend, NotAQuoteTable, dividends_beside
from simulator.universe.indices import INDICES

# Roots whose underlying has another symbol, besides those that are an index and a W.
_UNDERLYINGS = {"SPXW": "SPX", "SPXPM": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX", "XSPAM": "XSP"}
_HEADER = ["Expiration Date", "Calls", "Last Sale", "Net", "Bid", "Ask", "Volume", "IV", "Delta", "Gamma"]
_HEADER += [
    "Open Interest",
    "Strike",
    "Puts",
    "Last Sale",
    "Net",
    "Bid",
    "Ask",
    "Volume",
    "IV",
    "Delta",
    "Gamma",
]
_HEADER += ["Open Interest"]
_PREAMBLE_LINES = 10
_DATE = re.compile(r"([A-Z][a-z]+ \d{1,2},? \d{4})(?: at|,)? (\d{1,2}:\d{2} [AP]M) E[DS]?T")
_LAST = re.compile(r"Last:?\s*\$?([\d,]*\.?\d+)")
_CONTRACT = re.compile(r"([A-Z]{1,5}\d?)(\d{6})([CP])(\d{8})")
_EXPIRATION_FORMATS = ("%a %b %d %Y", "%m/%d/%Y", "%Y-%m-%d", "%b %d %Y", "%B %d, %Y")


@dataclass(frozen=True)
class RecordedContract:
    """One contract as recorded: prices in dollars, volatility as a fraction. A 0 in the file remains 0."""

    root: str
    expiration: dt.date
    is_call: bool
    strike: float
    last: float
    net: float
    bid: float
    ask: float
    volume: float
    volatility: float
    delta: float
    gamma: float
    open_interest: float

    @property
    def ticker(self) -> str:
        """The contract ticker."""
        kind = "C" if self.is_call else "P"
        return f"O:{self.root}{self.expiration:%y%m%d}{kind}{round(self.strike * 1000):08d}"


@dataclass(frozen=True)
class Recording:
    """A quote table: underlying, time written in the file (UTC), last price of the underlying, contracts.

    `dividends` are those of the file beside it.
    """

    symbol: str
    stamp: dt.datetime
    spot: float
    contracts: tuple[RecordedContract, ...]
    dividends: tuple[DeclaredDividend, ...] = ()

    @property
    def roots(self) -> list[str]:
        """The option roots of the contracts, sorted."""
        return sorted({contract.root for contract in self.contracts})


def read(path: Path) -> Recording:
    """Return the recording in a file and the dividends beside it. Raises NotAQuoteTable with a one-sentence message."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise NotAQuoteTable(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotAQuoteTable(f"{path} is not a text file") from error
    if not text.strip():
        raise NotAQuoteTable(f"{path} is empty")
    lines = text.splitlines()
    header = _find_header(path, lines)
    preamble = "\n".join(lines[:header])
    stamp, spot = _stamp(path, preamble), _spot(path, preamble)
    contracts: list[RecordedContract] = []
    for number, cells in enumerate(csv.reader(lines[header + 1 :]), start=header + 2):
        if any(cell.strip() for cell in cells):
            try:
                contracts += _contracts(cells)
            except ValueError as error:
                raise NotAQuoteTable(f"{path}, line {number}: {error}") from error
    if not contracts:
        raise NotAQuoteTable(f"{path} contains no contracts")
    return Recording(_underlying(path, contracts), stamp, spot, tuple(contracts), dividends_beside(path))


def _find_header(path: Path, lines: list[str]) -> int:
    for number, cells in enumerate(csv.reader(lines[:_PREAMBLE_LINES])):
        if [cell.strip() for cell in cells[: len(_HEADER)]] == _HEADER:
            return number
    raise NotAQuoteTable(f"{path} is not a quote table: no line begins with {','.join(_HEADER[:4])},…")


def _stamp(path: Path, preamble: str) -> dt.datetime:
    match = _DATE.search(preamble)
    if match:
        for form in ("%B %d %Y %I:%M %p", "%b %d %Y %I:%M %p"):
            try:
                local = dt.datetime.strptime(f"{match[1].replace(',', '')} {match[2]}", form)  # noqa: DTZ007 - next line
            except ValueError:
                continue
            return local.replace(tzinfo=NEW_YORK).astimezone(dt.UTC)
    raise NotAQuoteTable(
        f"{path} contains no date such as 'September 14, 2023 at 4:31 PM EDT' above its table"
    )


def _spot(path: Path, preamble: str) -> float:
    match = _LAST.search(preamble)
    spot = _number(match[1]) if match else 0.0
    if spot <= 0:
        raise NotAQuoteTable(
            f"{path} contains no last price of its underlying ('Last: 4505.10') above its table"
        )
    return spot


def _contracts(cells: list[str]) -> list[RecordedContract]:
    if len(cells) < len(_HEADER):
        raise ValueError(f"the row has {len(cells)} columns instead of {len(_HEADER)}")
    expiration, strike = _expiration(cells[0]), _number(cells[11])
    return [
        _contract(cells[1], cells[2:11], expiration, strike, True),
        _contract(cells[12], cells[13:22], expiration, strike, False),
    ]


def _contract(
    name: str, cells: list[str], expiration: dt.date, strike: float, is_call: bool
) -> RecordedContract:
    match = _CONTRACT.fullmatch(name.strip())
    if not match:
        raise ValueError(f"{name!r} is not an option symbol")
    expiration_of_name = dt.datetime.strptime(match[2], "%y%m%d").date()  # noqa: DTZ007 - a date has no zone
    same_kind = (match[3] == "C") == is_call
    if expiration_of_name != expiration or not same_kind or int(match[4]) != round(strike * 1000):
        raise ValueError(f"{name} does not match its row (expiration {expiration}, strike {strike:g})")
    numbers = [_number(cell) for cell in cells]
    return RecordedContract(match[1], expiration, is_call, strike, *numbers)


def _expiration(text: str) -> dt.date:
    for form in _EXPIRATION_FORMATS:
        try:
            return dt.datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not an expiration date")


def _number(text: str) -> float:
    cleaned = text.strip().replace(",", "")
    try:
        value = float(cleaned) if cleaned else 0.0
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if value in (float("inf"), float("-inf")) or value != value:
        raise ValueError(f"{text!r} is not a number")
    return value


def _underlying(path: Path, contracts: list[RecordedContract]) -> str:
    symbols = {_symbol_of(contract.root) for contract in contracts}
    if len(symbols) > 1:
        raise NotAQuoteTable(f"{path} contains options on several underlyings: {', '.join(sorted(symbols))}")
    return symbols.pop()


def _symbol_of(root: str) -> str:
    plain = root.rstrip("0123456789")
    weekly = plain.removesuffix("W")
    return _UNDERLYINGS.get(root, weekly if weekly in INDICES else plain)


def main(arguments: list[str] | None = None) -> int:
    """Print the summary of a quote table. Returns 2 when the file is not one."""
    parser = argparse.ArgumentParser(prog="python -m simulator.recorded.quote_table", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--stamp", action="store_true", required=True, help="print a summary of the file as JSON"
    )
    options = parser.parse_args(arguments)
    try:
        recording = read(options.file)
    except NotAQuoteTable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    described = {
        "symbol": recording.symbol,
        "stamp_ms": int(recording.stamp.timestamp() * 1000),
        "contracts": len(recording.contracts),
        "spot": recording.spot,
        "roots": recording.roots,
    }
    sys.stdout.write(json.dumps(described) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
