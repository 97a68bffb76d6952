"""Admin pages: market data and operations (read-only); watchlist, schedules, session exceptions, accounts (edited)."""

from __future__ import annotations

from web.admin import (
    accounts,
    daily_data,
    gamma_data,
    market_data,
    market_events,
    operations,
    periodic_tasks,
    schedules,
    session_exceptions,
    volatility_data,
    watchlist,
)
from web.admin.setups import patterns, signals
from web.admin.tape import page as tape

__all__ = [
    "accounts",
    "daily_data",
    "gamma_data",
    "market_data",
    "market_events",
    "operations",
    "patterns",
    "periodic_tasks",
    "schedules",
    "session_exceptions",
    "signals",
    "tape",
    "volatility_data",
    "watchlist",
]
