"""What a subscription may see. A plan removes keys from answers; it never turns them into null."""

from __future__ import annotations

from dataclasses import dataclass

DELAY_SECONDS = 15 * 60


@dataclass(frozen=True)
class Plan:
    """Entitlements of one API key. `delayed` data is fifteen minutes old; `spot` says whether chains carry
    the underlying's price, which an options-only subscription may leave out."""

    name: str
    snapshots: bool
    trades: bool
    quotes: bool
    delayed: bool
    indices: bool
    spot: bool

    @property
    def delay_seconds(self) -> int:
        return DELAY_SECONDS if self.delayed else 0

    @property
    def timeframe(self) -> str:
        return "DELAYED" if self.delayed else "REAL-TIME"


def plan(name: str, indices: bool = True) -> Plan:
    """The plan of a name: basic, starter, developer or advanced, with or without an indices subscription."""
    tiers = {
        "basic": (False, False, False, True),
        "starter": (True, False, False, True),
        "developer": (True, True, False, True),
        "advanced": (True, True, True, False),
    }
    snapshots, trades, quotes, delayed = tiers[name]
    return Plan(name, snapshots, trades, quotes, delayed, indices, spot=indices)
