"""Confluence: how far five groups of features support one side, each from 0 to 100, with a check for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quant.chain import Floats
from quant.score_thresholds import CONFLUENCE_COLOUR, CONFLUENCE_WEIGHTS
from signals.context.alignment import AlignmentContext
from signals.context.context import number, ramp
from signals.features.record import Features


@dataclass(frozen=True, slots=True)
class Component:
    """A component: `value` 0 to 100, None without data, and its checks, None where one cannot be known."""

    name: str
    weight: float
    value: float | None
    checks: dict[str, bool | None]

    @property
    def colour(self) -> str | None:
        """Return low, middle or high, None without data."""
        return CONFLUENCE_COLOUR.label(self.value)


@dataclass(frozen=True, slots=True)
class Confluence:
    """All components for one side, 1 or -1, and their weighted mean over those with data, None without any."""

    side: int
    components: tuple[Component, ...]

    @property
    def overall(self) -> float | None:
        return weighted_mean((one.weight, one.value) for one in self.components)

    @property
    def colour(self) -> str | None:
        """Return low, middle or high by the mean, None without data."""
        return CONFLUENCE_COLOUR.label(self.overall)

    def values(self) -> dict[str, float | None]:
        """Return the value of each component by its name."""
        return {one.name: one.value for one in self.components}


def weighted_mean(parts: Iterable[tuple[float, float | None]]) -> float | None:
    """Return the mean of the values that exist by their weights, None without any."""
    known = [(weight, value) for weight, value in parts if value is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if total else None


def side_of(context: AlignmentContext) -> int:
    """Return the side for which a symbol without a signal is shown: the sign of its frames' score, 0 without one."""
    return 0 if not context.score else 1 if context.score > 0.0 else -1


def confluence(features: Features, row: int, context: AlignmentContext, side: int) -> Confluence:
    """Return the confluence of one row for a side, 1 or -1; with 0 the components that need a side have no data."""
    found = {
        "trend": _trend(context, side),
        "momentum": _momentum(features, row, side),
        "technical": _technical(features, row, side),
        "volume": _volume(features, row),
        "volatility": _volatility(features, row),
    }
    return Confluence(
        side, tuple(Component(name, CONFLUENCE_WEIGHTS[name], *parts) for name, parts in found.items())
    )


_Parts = tuple[float | None, dict[str, bool | None]]


def _trend(context: AlignmentContext, side: int) -> _Parts:
    day, hour = context.votes.get("1d"), context.votes.get("1h")
    confirmed = every_known([_positive(day, side), _positive(hour, side)])
    value = None if context.score is None or not side else 50.0 + 50.0 * side * context.score
    return value, {"trendConfirmed": confirmed}


def _momentum(features: Features, row: int, side: int) -> _Parts:
    rsi, hist, atr = (number(one, row) for one in (features.rsi14, features.macd_hist, features.atr14))
    above = None if rsi is None else rsi - 50.0
    confirmed = every_known([_positive(above, side), _positive(hist, side)])
    if above is None or hist is None or not atr or not side:
        return None, {"momentumConfirmed": confirmed}
    value = 50.0 * ramp(side * above, -20.0, 20.0) + 50.0 * ramp(side * hist / atr, -0.3, 0.3)
    return value, {"momentumConfirmed": confirmed}


def _technical(features: Features, row: int, side: int) -> _Parts:
    daily = features.timeframe == "1d"
    vwap = None if daily else _order(features.close, features.vwap, row, side)
    fast = _order(features.ema9, features.ema21, row, side)
    slow = _order(features.ema21, features.ema50, row, side)
    answers = [vwap, _order(features.close, features.ema21, row, side), fast, slow]
    known = [one for one in answers if one is not None]
    value = 100.0 * sum(known) / len(known) if known else None
    checks: dict[str, bool | None] = {} if daily else {"vwapAligned": vwap}
    return value, {**checks, "emaAligned": every_known([fast, slow])}


def _volume(features: Features, row: int) -> _Parts:
    rvol = number(features.rvol, row)
    if rvol is None:
        return None, {"volumeAboveAvg": None}
    return 100.0 * ramp(rvol, 0.5, 2.0), {"volumeAboveAvg": rvol > 1.0}


def _volatility(features: Features, row: int) -> _Parts:
    percentile = number(features.atr_percentile, row)
    if percentile is None:
        return None, {"volatilityNormal": None}
    value = 100.0 * (1.0 - abs(percentile - 0.5) / 0.5)
    return value, {"volatilityNormal": 0.2 <= percentile <= 0.8}


def every_known(answers: Sequence[bool | None]) -> bool | None:
    """Return False where an answer is no, else None where one is not known, else True."""
    if False in answers:
        return False
    return None if None in answers else True


def _positive(value: float | None, side: int) -> bool | None:
    return None if value is None or not side else side * value > 0.0


def _order(left: Floats, right: Floats, row: int, side: int) -> bool | None:
    first, second = number(left, row), number(right, row)
    return None if first is None or second is None else _positive(first - second, side)
