"""A small SPX chain as the provider sends it, and the slot it is fetched at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quant.contracts import parse_tickers
from warehouse import clock

SLOT = datetime(2026, 11, 18, 19, 45, tzinfo=UTC)  # 14:45 New York
SLOT_MS = clock.epoch_ms(SLOT)
CHAIN_PATH = "/v3/snapshot/options/I:SPX"

CALL, PUT = "O:SPXW261218C06500000", "O:SPXW261218P06500000"
GAMMA = {CALL: 0.002, PUT: 0.0015}
OPEN_INTEREST = {CALL: 1000, PUT: 3000}
SPOT = 6500.0
# calls 0.002 x 1000 x 100 x 6500² x 0.01, puts 0.0015 x 3000 x 100 x 6500² x 0.01, by hand
CALL_GAMMA, PUT_GAMMA = 84_500_000.0, -190_125_000.0


def row(ticker: str, **changes: Any) -> dict[str, Any]:
    """One contract as the provider sends it; a change to None leaves the key out."""
    terms = parse_tickers([ticker])
    is_call = bool(terms.is_call[0])
    document = {
        "details": {
            "contract_type": "call" if is_call else "put",
            "exercise_style": "european",
            "expiration_date": str(terms.expiration[0]),
            "shares_per_contract": 100,
            "strike_price": float(terms.strike[0]),
            "ticker": ticker,
        },
        "day": {"volume": 10, "close": 100.5, "last_updated": 1_794_978_000 * 10**9},
        "greeks": {
            "delta": 0.5 if is_call else -0.5,
            "gamma": GAMMA.get(ticker, 0.001),
            "theta": -1.0,
            "vega": 8.0,
        },
        "implied_volatility": 0.15,
        "last_quote": {"bid": 100.0, "ask": 101.0, "timeframe": "REAL-TIME"},
        "open_interest": OPEN_INTEREST.get(ticker, 100),
        "underlying_asset": {"ticker": "I:SPX", "value": SPOT, "timeframe": "REAL-TIME"},
    } | changes
    return {name: value for name, value in document.items() if value is not None}


def page(*rows: dict[str, Any], next_url: str | None = None) -> dict[str, Any]:
    document: dict[str, Any] = {"status": "OK", "request_id": "0" * 32, "results": list(rows)}
    return document | ({"next_url": next_url} if next_url else {})


def two_contracts() -> dict[str, Any]:
    return page(row(CALL), row(PUT))
