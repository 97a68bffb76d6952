"""The admin: market data to look at, the watchlist and the schedules to edit."""

from __future__ import annotations

from web.admin import market_data, operations, schedule_form, schedules, watchlist

__all__ = ["market_data", "operations", "schedule_form", "schedules", "watchlist"]
