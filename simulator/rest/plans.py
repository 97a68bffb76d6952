"""Subscription plans. A plan removes keys from responses; it never sets them to null."""

from __future__ import annotations

from dataclasses import dataclass

DELAY_SECONDS = 15 * 60


@dataclass(frozen=True)
class Plan:
    """Entitlements of one API key.

    With `delayed`, data are 15 minutes old. `spot` states whether chains include the underlying's price, which a plan
    with options only may lack.
    """

    name: str
    snapshots: bool
    trades: bool
    quotes: bool
    delayed: bool
    indices: bool
    spot: bool

    @property
    def delay_seconds(self) -> int:
        """The age of the data in seconds."""
        return DELAY_SECONDS if self.delayed else 0

    @property
    def timeframe(self) -> str:
        """The provider's name of the delay."""
        return "DELAYED" if self.delayed else "REAL-TIME"


def plan(name: str, indices: bool = True) -> Plan:
    """Return a plan by name (basic, starter, developer or advanced), with or without index data."""
    tiers = {
        "basic": (False, False, False, True),
        "starter": (True, False, False, True),
        "developer": (True, True, False, True),
        "advanced": (True, True, True, False),
    }
    snapshots, trades, quotes, delayed = tiers[name]
    return Plan(name, snapshots, trades, quotes, delayed, indices, spot=indices)
