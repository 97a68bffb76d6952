"""Result of a health check: a status, one sentence, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """Status of a service: `down` when nothing can be read or written, `degraded` when an operator should look."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Check:
    """State of one service; `figures` are JSON values with their unit in the name, and contain no secrets."""

    name: str
    health: Health
    detail: str
    figures: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return {"status": self.health.value, "detail": self.detail, **self.figures}


def worst(checks: Iterable[Check]) -> Health:
    """Return the worst status, or ok without checks."""
    order = list(Health)
    return max((check.health for check in checks), key=order.index, default=Health.OK)


def check_of(name: str, troubles: list[str], fine: str, **figures: Any) -> Check:
    """Return a degraded check that lists `troubles`, or an ok check with the sentence `fine`."""
    if troubles:
        return Check(name, Health.DEGRADED, "; ".join(troubles), figures)
    return Check(name, Health.OK, fine, figures)
