"""What the provider's REST answers before the stream does: contracts to quote without a stored chain, and last quotes.

Without a chain the trades of a new warehouse would have no quotes until the chain of the first slot is stored. Without
last quotes the trades of a contract would have none until its quote changes.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from flow.stream.subscription import rank_contracts
from provider.client import MassiveClient
from provider.errors import ProviderError
from provider.stream_messages import Quote

log = logging.getLogger(__name__)

DAYS_AHEAD: Final = 7  # expirations to fetch: the most traded ones, for a tenth of the whole chain's requests
_NS_PER_MS: Final = 1_000_000

Connect = Callable[[], AbstractContextManager[MassiveClient]]


class FirstQuotes:
    """Fetches in a background thread, one at a time.

    `contracts` holds the contracts of each symbol fetched so far, most valuable quote first. A fetch that fails raises
    nothing: it is logged, and its symbols can be requested again.
    """

    def __init__(self, connect: Connect) -> None:
        self.contracts: dict[str, list[str]] = {}
        self._quotes: list[Quote] = []
        self._connect = connect
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether a fetch is running. What it found is visible once this is False."""
        return self._thread is not None and self._thread.is_alive()

    def request(self, provider_symbols: Mapping[str, str], today: dt.date) -> None:
        """Start a fetch of the symbols (provider's names by symbol) not fetched yet, unless a fetch is running."""
        unknown = {name: value for name, value in provider_symbols.items() if name not in self.contracts}
        if unknown and not self.is_running:
            self._start(self._fetch_contracts, unknown, today)

    def request_quotes(self, contracts: Sequence[str]) -> None:
        """Start a fetch of the last quotes of contract tickers, unless a fetch is running."""
        if contracts and not self.is_running:
            self._start(self._fetch_quotes, contracts)

    def take_quotes(self) -> list[Quote]:
        """Return the quotes of the last fetch once. Not to be called while a fetch is running."""
        quotes, self._quotes = self._quotes, []
        return quotes

    def join(self) -> None:
        """Wait for the end of the running fetch."""
        if self._thread:
            self._thread.join()

    def _start(self, fetch: Callable[..., None], *arguments: Any) -> None:
        self._thread = threading.Thread(target=fetch, args=arguments, name="first quotes", daemon=True)
        self._thread.start()

    def _fetch_contracts(self, unknown: Mapping[str, str], today: dt.date) -> None:
        try:
            with self._connect() as client:
                for symbol, provider_symbol in unknown.items():
                    self.contracts[symbol] = nearest(client, provider_symbol, today)
        except ProviderError as error:
            log.warning("no quotes before the first chain is stored, trying again shortly: %s", error)

    def _fetch_quotes(self, contracts: Sequence[str]) -> None:
        try:
            with self._connect() as client:
                self._quotes = last_quotes(client, contracts)
        except ProviderError as error:
            log.warning("contracts have no quote until the stream sends one: %s", error)


def nearest(client: MassiveClient, provider_symbol: str, today: dt.date) -> list[str]:
    """Return the contracts that expire within a week, most valuable quote first. Raises `provider.errors`."""
    rows = client.chain(
        provider_symbol, expiration_date_gte=today, expiration_date_lte=today + dt.timedelta(DAYS_AHEAD)
    ).rows
    spots = [row.underlying_asset.spot if row.underlying_asset else None for row in rows]
    return rank_contracts(
        [row.details.ticker for row in rows],
        [row.open_interest or 0.0 for row in rows],
        [row.details.strike_price for row in rows],
        # A plan without underlying prices sends no spot; then only open interest decides.
        [spot or row.details.strike_price for spot, row in zip(spots, rows, strict=True)],
    )


def last_quotes(client: MassiveClient, contracts: Sequence[str]) -> list[Quote]:
    """Return the newest quotes of contracts, at the times from which they are valid. Raises `provider.errors`.

    A contract without a quote is left out, and so is one whose quote has no time, because its age would be invented.
    """
    found = []
    for row in client.universal_snapshot(contracts).rows:
        quote = row.last_quote
        if quote is None or quote.last_updated is None:
            continue
        bid, ask = (math.nan if price is None else price for price in (quote.bid, quote.ask))
        sizes = int(quote.bid_size or 0), int(quote.ask_size or 0)
        found.append(Quote(row.ticker, quote.last_updated // _NS_PER_MS, bid, ask, *sizes))
    return found
