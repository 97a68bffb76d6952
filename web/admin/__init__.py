"""Admin pages: market data and operations (read-only), watchlist, events and schedules (editable)."""

from __future__ import annotations

from web.admin import (
    daily_data,
    market_data,
    operations,
    schedule_form,
    schedules,
    volatility_data,
    watchlist,
)

__all__ = [
    "daily_data",
    "market_data",
    "operations",
    "schedule_form",
    "schedules",
    "volatility_data",
    "watchlist",
]
