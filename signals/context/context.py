"""What the contexts of all engines have in common: their times, their age and what is missing from them."""

from __future__ import annotations

from dataclasses import dataclass

from quant.chain import Floats
from quant.score_thresholds import CONTEXT_RULES
from warehouse.asof.rows import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Times and quality of a context.

    `as_of_ms` is the instant that the values are about and `known_at_ms` when they were known, None without values.
    `freshness` is 1 while the values are recent and falls to 0 with their age; `confidence` is 0 to 100. `agreement` is
    1, or 0 where the ways to measure the values contradict each other. `missing` names the values that are missing, or
    the whole context.
    """

    as_of_ms: int | None
    known_at_ms: int | None
    is_stale: bool
    freshness: float
    confidence: float
    agreement: float = 1.0
    missing: tuple[str, ...] = ()

    @property
    def shrink(self) -> float:
        """Return the share of a boost that is left, 0 to 1."""
        rules = CONTEXT_RULES
        return (
            self.freshness
            * ramp(self.confidence, rules.no_confidence, rules.full_confidence)
            * self.agreement
        )


def ramp(value: float, low: float, high: float) -> float:
    """Return 0 at `low`, 1 at `high`, linear between them and constant beyond; falls where high < low."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def freshness_of_age(minutes: float | None, limit: float) -> float:
    """Return 1 up to the limit of an age, 0 from a multiple of it on; 0 without an age."""
    if minutes is None:
        return 0.0
    return 1.0 - ramp(minutes, limit, CONTEXT_RULES.stale_multiple * limit)


def freshness_of_row(sessions: float | None) -> float:
    """Return 1 for a daily row of the last finished session, half for the one before it, else 0."""
    if sessions is None or sessions > 1.0:
        return 0.0
    return CONTEXT_RULES.one_session_late if sessions == 1.0 else 1.0


def number(column: Floats, row: int) -> float | None:
    """Return a value of a column, None where it is missing."""
    value = float(column[row])
    return None if value != value else value


def instant(column: Floats, row: int) -> int | None:
    """Return an instant of a column in epoch ms, None where it is missing."""
    value = number(column, row)
    return None if value is None else int(value)


def text(column: Texts, row: int) -> str | None:
    """Return a text of a column, None where it is missing."""
    return str(column[row]) or None


def missing_names(name: str, present: bool, values: dict[str, object]) -> tuple[str, ...]:
    """Return the name of a context without a row, else the names of its missing values with that name before them."""
    if not present:
        return (name,)
    return tuple(f"{name}_{one}" for one, value in values.items() if value is None)
