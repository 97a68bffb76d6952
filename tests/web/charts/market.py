"""A small warehouse for the tests of charts: snapshots of SPX on Tuesday and Wednesday, 18 and 19 November 2025."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.warehouse.rows import add_gamma
from warehouse import clock
from warehouse.models import ExpirationGamma, GammaExposure

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS


def ms(text: str) -> int:
    """Return the epoch milliseconds of a time of day in New York, such as "2025-11-19 10:00"."""
    return clock.epoch_ms(dt.datetime.fromisoformat(f"{text}-05:00"))


TUESDAY_CLOSE = ms("2025-11-18 16:00")
SLOT_BEFORE = ms("2025-11-19 09:45")
SLOT = ms("2025-11-19 10:00")
NOW = SLOT + 2 * MINUTE_MS

STRIKES = {
    "6400": {"call": 1e9, "put": -4e9, "net": -3e9},
    "6500": {"call": 9e9, "put": -2e9, "net": 7e9},
    "6600": {"call": 5e9, "put": -1e9, "net": 4e9},
}
INTEREST = {
    "6400": {"call": 100, "put": 400},
    "6500": {"call": 900, "put": 200},
    "6600": {"call": 500, "put": 100},
}


def add_snapshot(slot: int, symbol: str = "SPX", **columns: Any) -> GammaExposure:
    """Store a snapshot that is known 20 s after its slot."""
    defaults: dict[str, Any] = {
        "underlying_price": 6510.25,
        "total_gamma": 8e9,
        "call_gamma": 15e9,
        "put_gamma": -7e9,
        "gross_gamma": 22e9,
        "dealer_positioning": "LONG_GAMMA",
        "expected_behavior": "RANGE_BOUND",
        "gamma_wall_resistance": 6600,
        "gamma_wall_support": 6500,
        "gamma_flip": 6450.5,
        "flip_status": "found",
        "flip_points": [6450.5],
        "gamma_by_strike": STRIKES,
        "oi_by_strike": INTEREST,
        "measured_contracts": 0,
        "spot_source": "chain",
        "data_delay_ms": 0,
        "known_at": slot + 20 * SECOND_MS,
    }
    return add_gamma(slot, symbol, **{**defaults, **columns})


def add_expiration(slot: int, expiration: str, dte: int, net: float, **columns: Any) -> ExpirationGamma:
    """Store the gamma of one settlement of SPX."""
    bucket = "ZERO_DTE" if dte == 0 else "WEEK" if dte < 8 else "MONTH" if dte < 31 else "REST"
    defaults: dict[str, Any] = {
        "symbol": "SPX",
        "root": "SPXW",
        "bucket": bucket,
        "contracts": 10,
        "oi_source": "provider",
        "method_version": "test",
        "known_at": slot + 20 * SECOND_MS,
    }
    return ExpirationGamma.objects.create(
        timestamp=slot, expiration=expiration, dte=dte, net_gamma=net, **{**defaults, **columns}
    )
