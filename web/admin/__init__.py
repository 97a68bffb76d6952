"""Admin pages: market data and operations (read-only), watchlist and schedules (editable)."""

from __future__ import annotations

from web.admin import daily_data, gamma_data, market_data, operations, schedule_form, schedules, watchlist

__all__ = ["daily_data", "gamma_data", "market_data", "operations", "schedule_form", "schedules", "watchlist"]
