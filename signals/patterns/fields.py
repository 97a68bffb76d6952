"""The list of all fields that conditions may name, with those that are derived from several features."""

from __future__ import annotations

from collections.abc import Callable

from signals.patterns import context_fields, price_fields
from signals.patterns.field import Field, Value, feature
from signals.patterns.moment import Moment
from signals.rules.rule import LONG


def _distance(level: str, side: int) -> Callable[[Moment], Value]:
    """Return a function that reads the distance to a level as a fraction of the price.

    It is positive for a level above the price with `side` 1, for one below it with -1.
    """

    def read(at: Moment) -> Value:
        price, value = at.number("close"), at.number(f"gamma.{level}")
        return None if price is None or value is None else side * (value - price) / price

    return read


def _to(level: str, side: int, words: str) -> Field:
    return Field(
        f"{level}_distance",
        "number",
        "fraction",
        f"distance to the {level.replace('_', ' ')}, positive while the price is {words} it",
        _distance(level, side),
        -1.0,
        1.0,
    )


def _aligned_sweeps(at: Moment) -> Value:
    """Return the sweeps of the last hour in the direction of the newest ACTIVE signal, None without one."""
    if at.active is None:
        return None
    return at.number(f"flow.short.{'bullish' if at.active == LONG else 'bearish'}_sweeps")


DERIVED: tuple[Field, ...] = (
    feature(
        "days_to_event", "days", "calendar days to the next event of the symbol", "iv.days_to_event", 0.0
    ),
    feature(
        "front_kink_points",
        "percentage points",
        "volatility of the first expiration less what its neighbours lead to",
        "iv.front_kink_points",
    ),
    _to("resistance", 1, "below"),
    _to("support", -1, "above"),
    _to("call_wall", 1, "below"),
    _to("put_wall", -1, "above"),
    feature("call_sweeps_1h", "sweeps", "sweeps of calls in the last hour", "flow.short.call_sweeps", 0.0),
    feature("put_sweeps_1h", "sweeps", "sweeps of puts in the last hour", "flow.short.put_sweeps", 0.0),
    Field(
        "aligned_sweeps_1h",
        "number",
        "sweeps",
        "sweeps of the last hour in the direction of the newest active signal",
        _aligned_sweeps,
        0.0,
    ),
    Field(
        "active_signal",
        "flag",
        "",
        "the symbol has an active signal",
        lambda at: at.active is not None,
    ),
)
FIELDS: tuple[Field, ...] = (*price_fields.FIELDS, *context_fields.FIELDS, *DERIVED)
BY_NAME = {field.name: field for field in FIELDS}
