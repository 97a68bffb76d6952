"""Query parameters, range filters, and cursors.

A cursor is the base64 text of the first request's parameters, the number of the next row and the instant of the data.
All pages of a list therefore show the same snapshot, and the server stores nothing between pages.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from simulator.rest.responses import bad_request

RANGES = ("gt", "gte", "lt", "lte")
_COMPARE = {
    "": np.equal,
    "gt": np.greater,
    "gte": np.greater_equal,
    "lt": np.less,
    "lte": np.less_equal,
}


@dataclass(frozen=True)
class Page:
    """One page request: the first request's parameters, the page's first row, the data's instant (epoch seconds)."""

    parameters: Mapping[str, str]
    offset: int
    instant: int

    def limit(self, default: int, most: int) -> int:
        """Return the rows per page. Raises a 400 refusal outside 1 … `most`."""
        text = self.parameters.get("limit", str(default))
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise bad_request(f"limit must be a whole number from 1 to {most}, not '{text}'")
        return int(text)

    def choice(self, name: str, default: str, *allowed: str) -> str:
        """Return a parameter that has a fixed set of values. Raises a 400 refusal for others."""
        text = self.parameters.get(name, default)
        if text not in (default, *allowed):
            raise bad_request(f"{name} must be one of {', '.join((default, *allowed))}, not '{text}'")
        return text


def read_page(request: Request, instant: int) -> Page:
    """Return the requested page; without a cursor the first one, of data at `instant` (epoch seconds)."""
    parameters = {name: value for name, value in request.query_params.items() if name.lower() != "apikey"}
    cursor = parameters.get("cursor")
    if cursor is None:
        return Page(parameters, 0, instant)
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        stored = dict(parse_qsl(text, strict_parsing=True, keep_blank_values=True))
        return Page(stored, int(stored.pop("ap")), int(stored.pop("as")))
    except (binascii.Error, ValueError, KeyError) as error:
        raise bad_request("cursor could not be parsed") from error


def next_url(request: Request, page: Page, offset: int, path: str | None = None) -> str:
    """Return the absolute URL of the page that starts at row `offset`, without the key."""
    text = urlencode({**page.parameters, "ap": offset, "as": page.instant})
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f"{request.url.scheme}://{request.url.netloc}{path or request.url.path}?cursor={cursor}"


def number(text: str, name: str) -> float:
    """Parse a number. Raises a 400 refusal."""
    try:
        return float(text)
    except ValueError:
        raise bad_request(f"{name} is not a number: '{text}'") from None


def day(text: str, name: str) -> np.datetime64:
    """Parse a date as datetime64[D]. Raises a 400 refusal."""
    try:
        return np.datetime64(text, "D")
    except ValueError:
        raise bad_request(f"{name} is not a date (YYYY-MM-DD): '{text}'") from None


def calendar_date(text: str, name: str) -> dt.date:
    """Parse a date. Raises a 400 refusal."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"{name} is not a date (YYYY-MM-DD): '{text}'") from None


def within(
    parameters: Mapping[str, str], name: str, column: NDArray[Any], read: Any, keep: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return `keep` restricted by a parameter and its range variants; empty values are ignored."""
    for suffix, compare in _COMPARE.items():
        full = f"{name}.{suffix}" if suffix else name
        if parameters.get(full):
            keep = keep & compare(column, read(parameters[full], full))
    return keep
