"""What a walk over pages gathers: complete or nothing."""

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

    `rejected` counts rows that did not fit their type (or came twice), by reason. `fetched_at_ms` holds one
    epoch millisecond per page: the provider stamps none, and a walk's pages lie up to minutes apart.
    `request_seconds` is the time spent waiting for answers, pacing and retries included.
    """

    rows: list[Row] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    fetched_at_ms: list[int] = field(default_factory=list)
    request_seconds: float = 0.0
    status_delayed: bool = False

    @property
    def pages(self) -> int:
        return len(self.fetched_at_ms)

    def add(self, page: Page[Row], fetched_at_ms: int, request_seconds: float = 0.0) -> None:
        self.rows += page.rows
        self.rejected += page.rejected
        self.fetched_at_ms.append(fetched_at_ms)
        self.request_seconds += request_seconds
        self.status_delayed |= page.delayed


@dataclass(slots=True)
class ChainPages(Pages[ChainRow]):
    """One underlying's chain. Tickers are unique."""

    @property
    def delayed(self) -> bool:
        """Whether the option data are delayed, as the rows' own `timeframe` or the pages' status say."""
        return self.status_delayed or any(
            (row.last_quote is not None and row.last_quote.timeframe == "DELAYED")
            or (row.last_trade is not None and row.last_trade.timeframe == "DELAYED")
            for row in self.rows
        )

    @property
    def underlying_delayed(self) -> bool:
        """Whether the underlying's price is delayed; its plan is another one than the options'."""
        return any(
            row.underlying_asset is not None and row.underlying_asset.timeframe == "DELAYED"
            for row in self.rows
        )

    def drop_repeated(self) -> None:
        """Keeps the first row of each ticker; the others are counted as `repeated ticker`.

        Pages move while they are walked, and a contract that is summed twice is a wrong gamma.
        """
        by_ticker: dict[str, ChainRow] = {}
        for row in self.rows:
            by_ticker.setdefault(row.details.ticker, row)
        repeated = len(self.rows) - len(by_ticker)
        if repeated:
            self.rejected["repeated ticker"] += repeated
            self.rows = list(by_ticker.values())


def chain_of(bodies: Iterable[bytes], fetched_at_ms: int = 0) -> ChainPages:
    """A chain from the bodies of its pages, first to last, without a network. Raises `BadPage`."""
    chain = ChainPages()
    for body in bodies:
        chain.add(decode_chain_page(body), fetched_at_ms)
    chain.drop_repeated()
    return chain
