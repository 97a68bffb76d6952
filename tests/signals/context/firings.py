"""Firings and contexts for tests of engines."""

from __future__ import annotations

from typing import Any

from signals.context.boost import Firing
from tests.signals.records import flow_window

# Example 19 of the detectors' specification: four hours of trades, all sides known.
WINDOW = {
    "trades": 342.0, "premium": 45.2e6, "call_volume": 10_200.0, "put_volume": 8_250.0, "sided_premium": 45.2e6,
    "big_premium": 0.36 * 45.2e6, "aggressive_premium": 0.30 * 45.2e6, "sweeps": 12.0, "is_short": 0.0,
}  # fmt: skip


def firing(family: Any = "breakout", direction: int = 1, base: float = 61.0, **given: Any) -> Firing:
    values = {"detector": "any", "reference": 685.0, **given}
    return Firing(family=family, direction=direction, base=base, **values)


def window(**changed: Any) -> Any:
    return flow_window(**{**WINDOW, **changed})
