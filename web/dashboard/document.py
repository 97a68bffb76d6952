"""The data document of the dashboard: one frozen record, from which the page and later the HTTP API are served."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from monitoring.freshness import newest_stored
from quant.sessions import DAY_MS
from warehouse import asof, heartbeats, queries
from warehouse.asof import bars
from web.dashboard import (
    flow_part,
    gamma_part,
    market_state,
    operations,
    price_part,
    regime_part,
    volatility_part,
)
from web.dashboard.data_health import DataHealth, bar_states, health_of, stream_of
from web.dashboard.flow_part import FlowPart
from web.dashboard.gamma_part import GammaPart
from web.dashboard.market_state import MarketState
from web.dashboard.operations import Operations
from web.dashboard.price_part import PricePart
from web.dashboard.regime_part import RegimePart
from web.dashboard.volatility_part import VolatilityPart

_LOOK_BACK_MS = 10 * DAY_MS  # of the newest chain
NO_SIGNALS = "no data yet: detectors and confluence scores are not built"


@dataclass(frozen=True, slots=True)
class SymbolPanel:
    """One watched symbol. A part is None where nothing of it is stored; the other parts stay."""

    symbol: str
    kind: str
    health: DataHealth
    price: PricePart | None
    gamma: GammaPart | None
    volatility: VolatilityPart | None
    flow: FlowPart | None
    signals: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All values of the front page at `market.now_ms`."""

    market: MarketState
    regime: RegimePart | None
    panels: tuple[SymbolPanel, ...]
    operations: Operations

    def as_json(self) -> dict[str, Any]:
        """Return the document as JSON values; units are in the docstrings of the parts."""
        return asdict(self)


def read(now_ms: int, health: dict[str, Any]) -> Dashboard:
    """Return the dashboard as known at `now_ms`, epoch ms. `health` is the document of `/api/health`.

    Must not be called inside a transaction.
    """
    entries = queries.watched_chains()
    symbols = [str(entry.symbol) for entry in entries]
    market = market_state.read({str(one.symbol): one.active_since_ms for one in entries}, now_ms)
    rows = heartbeats.read(now_ms)
    chains = newest_stored(now_ms - _LOOK_BACK_MS)
    with asof.at(now_ms):
        regime = regime_part.read(now_ms)
        prices = price_part.read(symbols, market)
        flows = flow_part.read(symbols, market)
        newest = bars.newest(symbols, now_ms - _LOOK_BACK_MS, now_ms)
        panels = []
        for entry, symbol in zip(entries, symbols, strict=True):
            chain_ms = chains.get(symbol)
            gamma = None if chain_ms is None else gamma_part.read(symbol, chain_ms)
            price = prices.get(symbol)
            spot = price.price if price else None
            volatility = volatility_part.read(symbol, chain_ms, spot, now_ms)
            stream = stream_of(symbol, rows, market)
            first_day = volatility is None
            states = bar_states(newest.get(symbol, {}), market)
            panels.append(
                SymbolPanel(
                    symbol=symbol,
                    kind=str(entry.kind),
                    health=health_of(chain_ms, first_day, stream, states, market),
                    price=price,
                    gamma=gamma,
                    volatility=volatility,
                    flow=flows.get(symbol) if entry.ingest_flow else None,
                    signals=NO_SIGNALS,
                )
            )
    return Dashboard(market, regime, tuple(panels), operations.read(market, rows, health, len(entries)))
