"""Fixtures: Friday evening after the session, SPX on the watchlist, and the simulated market as the provider."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.ingestion.fixtures import at_market_time, connect, provider, spx

__all__ = ["at_market_time", "connect", "provider", "spx"]


@pytest.fixture(scope="session")
def market():
    from tests.ingestion.backfill.past import PastMarket

    return PastMarket()


@pytest.fixture
def evening(spx, at_market_time, market) -> str:
    from quant.sessions import close_of
    from tests.ingestion.backfill.past import FRIDAY

    at_market_time(close_of(FRIDAY) + timedelta(hours=1))
    market.requests.clear()
    return spx
