"""Fixtures of all flow tests."""

from __future__ import annotations

from tests.flow.fixtures import at_noon, put_batch
from tests.ingestion.fixtures import at_market_time, connect, provider

__all__ = ["at_market_time", "at_noon", "connect", "provider", "put_batch"]
