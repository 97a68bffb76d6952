"""The patterns of the documents, which a new warehouse has."""

from __future__ import annotations

from typing import Any, NamedTuple

from warehouse.models import Pattern
from warehouse.models.enums import PatternStatus


class Seed(NamedTuple):
    """A pattern of the documents."""

    name: str
    description: str
    conditions: dict[str, Any]
    status: PatternStatus = PatternStatus.ACTIVE


def _all(*conditions: tuple[str, str, Any]) -> dict[str, Any]:
    return {
        "all": [
            {"field": field, "op": op} | ({} if value is None else {"value": value})
            for field, op, value in conditions
        ]
    }


_DAMPENED = ("positioning", "in", ["LONG_GAMMA", "NEUTRAL"])
SEEDS = (
    Seed(
        "iv_crush_pre_earnings",
        "Implied volatility is high before an event, and most of it in the first expiration.",
        _all(
            ("days_to_event", "between", [0, 5]), ("iv_percentile", "ge", 0.8), ("front_kink_points", "gt", 5)
        ),
    ),
    Seed(
        "gamma_squeeze_setup",
        "Dealers are short gamma, a wall is close above the price, and calls are swept.",
        _all(
            ("positioning", "eq", "SHORT_GAMMA"),
            ("strength", "in", ["STRONG", "EXTREME"]),
            ("resistance_distance", "between", [0, 0.01]),
            ("call_sweeps_1h", "ge", 2),
        ),
    ),
    Seed(
        "put_wall_support",
        "The price is at most 1 % above the put wall, and gamma does not amplify moves.",
        _all(("put_wall_distance", "between", [0, 0.01]), _DAMPENED),
    ),
    Seed(
        "call_wall_resistance",
        "The price is at most 1 % below the call wall, and gamma does not amplify moves.",
        _all(("call_wall_distance", "between", [0, 0.01]), _DAMPENED),
    ),
    # Off-exchange trades have no source, so it has no conditions and is never evaluated.
    Seed(
        "dark_pool_accumulation",
        "Large buyers accumulate shares off the exchange. The provider has no data for it.",
        {},
        PatternStatus.DATA_UNAVAILABLE,
    ),
    Seed(
        "institutional_sweep_confirmation",
        "Institutional sweeps confirm the direction of an active signal.",
        _all(
            ("aligned_sweeps_1h", "ge", 2),
            ("institutional_score", "ge", 70),
            ("active_signal", "is_true", None),
        ),
    ),
)


def add_seeds() -> int:
    """Add the patterns that no pattern has the name of, and return how many were added. Edited ones are kept."""
    added = 0
    for seed in SEEDS:
        row = {"description": seed.description, "conditions": seed.conditions, "status": seed.status}
        _, created = Pattern.objects.get_or_create(name=seed.name, defaults=row)
        added += created
    return added
