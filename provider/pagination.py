"""Containers for the rows of all pages of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from provider.decoding import Page, decode_chain_page
from provider.records import ChainRow

Row = TypeVar("Row")


@dataclass(slots=True)
class Pages(Generic[Row]):
    """All rows of all pages, in the provider's order.

    `rejected` counts the rows that did not fit their type or were repeated, by reason. `fetched_at_ms` holds one
    epoch millisecond per page, because the provider sends no timestamp and the first and last page can be minutes
    apart. `request_seconds` is the time spent on requests, including rate limiting and retries.
    """

    rows: list[Row] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    fetched_at_ms: list[int] = field(default_factory=list)
    request_seconds: float = 0.0
    status_delayed: bool = False

    @property
    def pages(self) -> int:
        """The number of pages."""
        return len(self.fetched_at_ms)

    def add(self, page: Page[Row], fetched_at_ms: int, request_seconds: float = 0.0) -> None:
        """Append the rows of a page that was fetched at `fetched_at_ms`."""
        self.rows += page.rows
        self.rejected += page.rejected
        self.fetched_at_ms.append(fetched_at_ms)
        self.request_seconds += request_seconds
        self.status_delayed |= page.delayed


@dataclass(slots=True)
class ChainPages(Pages[ChainRow]):
    """The chain of one underlying. Contract tickers are unique after `drop_repeated`."""

    @property
    def delayed(self) -> bool:
        """Whether the option data are delayed, according to the rows' `timeframe` or the pages' status."""
        return self.status_delayed or any(
            (row.last_quote is not None and row.last_quote.timeframe == "DELAYED")
            or (row.last_trade is not None and row.last_trade.timeframe == "DELAYED")
            for row in self.rows
        )

    @property
    def underlying_delayed(self) -> bool:
        """Whether the underlying's price is delayed. Its plan is independent of the options plan."""
        return any(
            row.underlying_asset is not None and row.underlying_asset.timeframe == "DELAYED"
            for row in self.rows
        )

    def drop_repeated(self) -> None:
        """Keep the first row of each contract ticker and count the others as `repeated ticker`.

        Rows can move between pages while the pages are fetched, and a repeated contract would be counted twice in
        the gamma.
        """
        by_ticker: dict[str, ChainRow] = {}
        for row in self.rows:
            by_ticker.setdefault(row.details.ticker, row)
        repeated = len(self.rows) - len(by_ticker)
        if repeated:
            self.rejected["repeated ticker"] += repeated
            self.rows = list(by_ticker.values())


def chain_of(bodies: Iterable[bytes], fetched_at_ms: int = 0) -> ChainPages:
    """Return the chain in the bodies of its pages, in order, without a network. Raises `BadPage`."""
    chain = ChainPages()
    for body in bodies:
        chain.add(decode_chain_page(body), fetched_at_ms)
    chain.drop_repeated()
    return chain
