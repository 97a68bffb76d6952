"""Two sessions with all stored values, for the tests of the audit."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import connection

from ingestion.chains.ingest import Outcome, ingest_chain
from ingestion.daily.iv_percentile import calculate_iv_percentile
from ingestion.daily.rollups import roll_up
from ingestion.daily.volatility_surface import store_surface
from quant.contracts import format_ticker
from quant.pricing import black_scholes
from quant.sessions import close_of
from tests.ingestion.daily.test_market_regime import Market
from tests.ingestion.market import CHAIN_PATH, page, row
from tests.provider.server import ok
from tests.warehouse.rows import add_trade
from warehouse import clock
from warehouse.models import (
    ExpirationGamma,
    FlowDay,
    GammaDay,
    GammaExposure,
    IvPercentile,
    MarketRegimeDay,
    SurfacePoint,
    TermDay,
)

TUESDAY, WEDNESDAY = date(2026, 11, 17), date(2026, 11, 18)
SLOTS = [
    (TUESDAY, 15),
    (TUESDAY, 0),
    (WEDNESDAY, 75),
    (WEDNESDAY, 15),
    (WEDNESDAY, 0),
]  # minutes before the close
WITHOUT_SPOT = 3
FIGURES = (
    GammaExposure,
    ExpirationGamma,
    IvPercentile,
    SurfacePoint,
    TermDay,
    GammaDay,
    FlowDay,
    MarketRegimeDay,
)


def chain_at(slot: datetime, seed: int, with_spot: bool = True) -> dict[str, Any]:
    """A chain of six expirations with everything a provider does: no greeks, no quotes, wide quotes, an adjusted
    contract, a gamma without a volatility; and without the underlying, so that spot comes by parity.
    """
    random = np.random.default_rng(seed)
    spot = round(6500 + random.normal(0, 20), 2)
    rows = []
    for days in (0, 7, 23, 30, 44, 65):
        for strike in range(6000, 7001, 100):
            for is_call in (True, False):
                ticker = str(
                    format_ticker("SPXW", slot.date() + timedelta(days=days), is_call, float(strike))
                )
                terms = (
                    is_call,
                    spot,
                    float(strike),
                    (days + 0.1) / 365,
                    0.03,
                    0.01,
                    0.15 + 0.01 * random.random(),
                )
                mid, greeks = float(black_scholes.price(*terms)), black_scholes.greeks(*terms)
                half = round(0.05 + 0.01 * mid, 2)
                kind = random.choice(
                    ["whole", "no greeks", "no quote", "no volatility", "adjusted"], p=[0.6, *[0.1] * 4]
                )
                changes: dict[str, Any] = {
                    "last_quote": {"bid": max(round(mid - half, 2), 0.0), "ask": round(mid + half, 2)},
                    "implied_volatility": round(terms[-1], 6),
                    "greeks": {"delta": float(greeks.delta), "gamma": float(greeks.gamma)},
                    "open_interest": int(random.integers(0, 9000)),
                    "day": {"volume": int(random.integers(0, 900)), "close": round(mid, 2)},
                }
                changes |= {
                    "whole": {},
                    "no greeks": {"greeks": None, "implied_volatility": None},
                    "no quote": {"last_quote": None},
                    "no volatility": {"implied_volatility": 0},
                    "adjusted": {},
                }[str(kind)]
                document = row(ticker, **changes)
                document["underlying_asset"]["value"] = spot
                if not with_spot:
                    del document["underlying_asset"]
                if kind == "adjusted":
                    document["details"]["shares_per_contract"] = 10
                rows.append(document)
    return page(*rows)


def store_two_sessions(spx: str, provider: Any, at_market_time: Any) -> str:
    """Store chains of two sessions, trades of the second, and all that is computed from them after the close."""
    slots = [close_of(day) - timedelta(minutes=before) for day, before in SLOTS]
    for number, slot in enumerate(slots):
        provider.tell(CHAIN_PATH, ok(chain_at(slot, number, with_spot=number != WITHOUT_SPOT)))
    for slot in slots:
        at_market_time(slot)
        assert ingest_chain(spx, clock.epoch_ms(slot), clock.now_ms()).outcome is Outcome.DONE
    for number in range(20):
        add_trade(
            clock.epoch_ms(datetime(2026, 11, 18, 16, number, tzinfo=UTC)),
            number,
            size=number + 1,
            is_sweep=number % 3 == 0,
        )
    at_market_time(close_of(WEDNESDAY) + timedelta(minutes=5))
    market = Market(provider, WEDNESDAY)
    market.tell_volatility()
    market.tell_breadth()
    for session in (TUESDAY, WEDNESDAY):
        assert calculate_iv_percentile(spx, session).stored
        assert store_surface(spx, session).stored
        roll_up(session)
    return spx


def as_text() -> dict[str, list[tuple[Any, ...]]]:
    """Every figure as the database writes it."""
    found = {}
    with connection.cursor() as cursor:
        for model in FIGURES:
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t ORDER BY id")
            found[model.__name__] = cursor.fetchall()
    return found


def command(*arguments: str) -> list[str]:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue().splitlines()
