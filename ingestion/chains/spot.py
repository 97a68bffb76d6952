"""Price of the underlying: from the chain itself, else from a snapshot, else from put-call parity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ingestion.chains.chain_columns import HUGE_PRICE, ChainColumns
from provider.errors import Terminal
from provider.pagination import Pages
from provider.records import ChainRow, IndexRow, UniversalRow
from quant.chain import Floats
from quant.contracts import is_adjusted
from quant.pricing.implied_forward import forward_curve

MILLISECOND_NS = 1_000_000


class SnapshotClient(Protocol):
    """Methods of the provider client that return prices."""

    def indices_snapshot(self, tickers: list[str]) -> Pages[IndexRow]: ...
    def universal_snapshot(self, tickers: list[str]) -> Pages[UniversalRow]: ...


@dataclass(frozen=True, slots=True)
class Spot:
    """Price in dollars or index points, NaN when unknown; `source` is chain, snapshot, parity or none.

    `updated_ms` is the time of the price in epoch milliseconds, None when the provider sent none.
    """

    price: float
    source: str
    updated_ms: int | None = None


def spot_in_chain(rows: list[ChainRow]) -> Spot | None:
    """Return the newest price of the underlying among the rows, whose pages were fetched at different moments."""
    assets = [row.underlying_asset for row in rows if row.underlying_asset is not None]
    priced = [asset for asset in assets if asset.price is not None or asset.value is not None]
    if not priced:
        return None
    newest = priced[int(np.argmax([asset.last_updated or 0 for asset in priced]))]
    if newest.spot is None or not 0 < newest.spot < HUGE_PRICE:
        return None
    return Spot(newest.spot, "chain", newest.last_updated // MILLISECOND_NS if newest.last_updated else None)


def spot_in_snapshot(client: SnapshotClient, provider_symbol: str) -> Spot | None:
    """Return the price of the provider's snapshot of the underlying, or None when the plan does not include it."""
    row: IndexRow | UniversalRow | None
    try:
        if provider_symbol.startswith("I:"):
            row = next(iter(client.indices_snapshot([provider_symbol]).rows), None)
        else:
            row = next(iter(client.universal_snapshot([provider_symbol]).rows), None)
    except Terminal:
        return None  # not in the plan; the chain can be stored without it
    if row is None or row.error:
        return None
    session = row.session
    price = row.value or (session and (getattr(session, "price", None) or session.close))
    if not price or not 0 < price < HUGE_PRICE:
        return None
    updated = row.last_updated
    return Spot(float(price), "snapshot", updated // MILLISECOND_NS if updated else None)


def spot_by_parity(columns: ChainColumns, years: Floats) -> Spot:
    """Return the forward of the nearest expiration by put-call parity, which approximates spot."""
    standard = ~is_adjusted(columns.root, columns.multiplier)
    chain = columns.select(standard)
    curve = forward_curve(chain.is_call, chain.strike, chain.bid, chain.ask, years[standard], np.nan)
    known = np.flatnonzero(np.isfinite(curve.settlement_forward))
    return Spot(float(curve.settlement_forward[known[0]]), "parity") if known.size else Spot(np.nan, "none")
