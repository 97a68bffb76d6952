"""What the backtest that measured a pattern found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from backtest.report.rates import FEW
from warehouse.models import Pattern
from web import formats
from web.backtests.detector_table import badge_of, interval_text

NOT_MEASURED = "– not measured: no backtest"


class RateRow(NamedTuple):
    """The rate of all signals or of a market regime as texts; `tone` is the class of the badge, `is_grey` below 30."""

    name: str
    outcomes: str
    win_rate: str
    interval: str
    chance: str
    badge: str
    tone: str
    is_grey: bool


def in_one_line(row: Pattern) -> str:
    """Return win rate, interval, n, the rate of random entries and the verdict; a sentence if nothing was measured."""
    if row.sample_size is None:
        return NOT_MEASURED
    one = _row("all", _total(row))
    if not row.sample_size:
        return "– no outcome in the backtest"
    chance = f", chance {one.chance}" if row.chance_win_rate is not None else ""
    return f"{one.win_rate} [{one.interval}], n = {one.outcomes}{chance}: {one.badge.lower()}"


def rate_rows(row: Pattern) -> list[RateRow]:
    """Return the rates of all signals and of each market regime; nothing if none was measured."""
    if row.sample_size is None:
        return []
    by_regime: Mapping[str, Any] = row.by_regime or {}
    return [
        _row("All regimes", _total(row)),
        *(_row(formats.words(regime), one) for regime, one in sorted(by_regime.items())),
    ]


def _total(row: Pattern) -> dict[str, Any]:
    return {
        "win_rate": row.historical_win_rate,
        "low": row.win_rate_low,
        "high": row.win_rate_high,
        "outcomes": row.sample_size,
        "chance": row.chance_win_rate,
        "verdict": row.verdict,
    }


def _row(name: str, rate: Mapping[str, Any]) -> RateRow:
    is_grey = rate["outcomes"] < FEW
    badge, tone = badge_of(rate["verdict"], is_grey)
    return RateRow(
        name=name,
        outcomes=formats.number(rate["outcomes"]),
        win_rate=formats.percent(rate["win_rate"], 1),
        interval=formats.ABSENT if rate["win_rate"] is None else interval_text(rate["low"], rate["high"]),
        chance=formats.percent(rate["chance"], 1),
        badge=badge,
        tone=tone,
        is_grey=is_grey,
    )
