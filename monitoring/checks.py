"""What a check of health says: a status, one plain sentence, and the figures behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """`down` is kept for what leaves nothing to read or to write; what an operator should look at is
    `degraded`."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Check:
    """One service's state. `figures` are plain JSON values with their units in the names, and no secrets."""

    name: str
    health: Health
    detail: str
    figures: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {"status": self.health.value, "detail": self.detail, **self.figures}


def worst(checks: Iterable[Check]) -> Health:
    """The worst of them; ok for none."""
    order = list(Health)
    return max((check.health for check in checks), key=order.index, default=Health.OK)


def judged(name: str, troubles: list[str], fine: str, **figures: Any) -> Check:
    """Degraded with all `troubles`, or ok with the sentence `fine`."""
    if troubles:
        return Check(name, Health.DEGRADED, "; ".join(troubles), figures)
    return Check(name, Health.OK, fine, figures)
