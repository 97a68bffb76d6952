"""Contracts to subscribe quotes for while no chain of a symbol is stored yet, fetched from the provider in a thread.

Otherwise the trades of a new warehouse would have no quotes until the chain of the first slot is stored.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

from flow.stream.subscription import rank_contracts
from provider.client import MassiveClient
from provider.errors import ProviderError

log = logging.getLogger(__name__)

DAYS_AHEAD: Final = 7  # expirations to fetch: the most traded ones, for a tenth of the whole chain's requests

Connect = Callable[[], AbstractContextManager[MassiveClient]]


class FirstQuotes:
    """Background fetch that fills `contracts` with the contracts of each symbol, most valuable quote first."""

    def __init__(self, connect: Connect) -> None:
        self.contracts: dict[str, list[str]] = {}
        self._connect = connect
        self._thread: threading.Thread | None = None

    def request(self, provider_symbols: Mapping[str, str], today: dt.date) -> None:
        """Start a fetch of the symbols (provider's names by symbol) not fetched yet, unless a fetch is running."""
        unknown = {name: value for name, value in provider_symbols.items() if name not in self.contracts}
        if unknown and not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(
                target=self._run, args=(unknown, today), name="first quotes", daemon=True
            )
            self._thread.start()

    def join(self) -> None:
        """Wait for the end of the running fetch."""
        if self._thread:
            self._thread.join()

    def _run(self, unknown: Mapping[str, str], today: dt.date) -> None:
        try:
            with self._connect() as client:
                for symbol, provider_symbol in unknown.items():
                    self.contracts[symbol] = nearest(client, provider_symbol, today)
        except ProviderError as error:
            log.warning("no quotes before the first chain is stored, trying again shortly: %s", error)


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
