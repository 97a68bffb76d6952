"""Reading of a stored chain, as it was when its gamma was computed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from ingestion.chains.chain_columns import ChainColumns
from ingestion.chains.compute import ComputedChain
from ingestion.chains.greeks import complete_greeks
from ingestion.chains.spot import Spot
from quant.contracts import parse_tickers
from quant.sessions import years_to_expiry
from warehouse import clock, queries
from warehouse.column_queries import read_columns
from warehouse.models import HistoricalGreeks, IngestionRun
from warehouse.task_names import RunTask

_NUMBERS = (
    "strike", "bid", "ask", "last", "volume", "open_interest", "delta", "gamma", "theta", "vega", "implied_volatility"
)  # fmt: skip
_CONTRACTS = """
SELECT row_number() OVER (ORDER BY contract_ticker)::integer AS place, underlying_price, greeks_source = 'provider'
       AND greeks_source IS NOT NULL AS is_provider, strike, bid, ask, last, volume, open_interest, delta, gamma,
       theta, vega, implied_volatility
FROM historical_greeks WHERE symbol = %(symbol)s AND "timestamp" = %(slot)s
"""


class NotWhole(Exception):
    """The stored rows are not the whole chain that gamma was computed from."""


@dataclass(frozen=True, slots=True)
class StoredChain:
    """A chain, and the 20-session median of gross gamma that its snapshot was computed with."""

    chain: ComputedChain
    median_gross: float | None


def stored_chain(symbol: str, slot: int) -> StoredChain:
    """Return the chain of a slot (epoch ms) from its rows and, for values without a column, from its run.

    Years to expiry are counted as they were then, and the second opinion (own volatility and gamma) is computed from
    the quotes again. Raises NotWhole where rows are missing: a band of strikes was stored, or retention took them.
    """
    run = IngestionRun.objects.filter(task=RunTask.INGEST_CHAIN, symbol=symbol, slot=slot).first()
    if run is None:
        raise NotWhole("the ledger's run, kept 90 days, is gone")
    tickers = list(
        HistoricalGreeks.objects.filter(symbol=symbol, timestamp=slot)
        .order_by("contract_ticker")
        .values_list("contract_ticker", flat=True)
    )
    measured = (run.contracts or 0) - sum((run.rejected or {}).values())
    if len(tickers) != measured:
        raise NotWhole(f"{len(tickers):,} of the {measured:,} contracts it was measured on are stored")
    kinds = {"place": "integer", "is_provider": "boolean", "underlying_price": "double precision"}
    found = read_columns(
        _CONTRACTS, {"symbol": symbol, "slot": slot}, kinds | dict.fromkeys(_NUMBERS, "double precision")
    )
    order = np.argsort(found["place"])
    read = {name: column[order] for name, column in found.items()}
    return _as_measured(run, tickers, read)


def _as_measured(run: IngestionRun, tickers: list[str], read: dict[str, Any]) -> StoredChain:
    terms = parse_tickers(tickers)
    noted = run.result or {}
    odd = noted.get("multipliers", {})
    columns = ChainColumns(
        ticker=np.array(tickers, dtype=np.str_),
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        multiplier=np.array([odd.get(ticker, 100.0) for ticker in tickers], dtype=np.float64),
        **{name: read[name] for name in _NUMBERS},
    )
    slot_at = clock.instant(run.slot)
    # The run has the exact spot; the rows have it rounded to at most 12 decimals.
    noted_spot = noted.get("spot")
    spot = float(read["underlying_price"][0] if noted_spot is None else noted_spot)
    delay = timedelta(milliseconds=run.data_delay_ms or 0)
    years = years_to_expiry(terms.root, terms.expiration, slot_at - delay)
    greeks = complete_greeks(columns, years, spot)
    chain = ComputedChain(
        slot_at=slot_at,
        columns=columns,
        greeks=dataclasses.replace(
            greeks,
            delta=read["delta"],
            gamma=read["gamma"],
            implied_volatility=read["implied_volatility"],
            gamma_is_provider=read["is_provider"],
        ),
        spot=Spot(spot, str(noted.get("spot_source", "none"))),
        rejected=Counter(),
        refused=Counter(),
    )
    if "median_gross_gamma" in noted:
        return StoredChain(chain, noted["median_gross_gamma"])
    return StoredChain(chain, queries.median_gross_gamma(str(run.symbol), run.slot))
