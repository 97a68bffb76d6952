"""Fixtures of the ingestion tests."""

from __future__ import annotations

from tests.ingestion.fixtures import at_market_time, connect, provider, spx

__all__ = ["at_market_time", "connect", "provider", "spx"]
