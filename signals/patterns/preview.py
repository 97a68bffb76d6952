"""Preview of a pattern: where its conditions matched in the last sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quant import sessions
from signals import market_view
from signals.features.build import build
from signals.features.record import Features
from signals.patterns.active import active_directions
from signals.patterns.conditions import Group
from signals.patterns.field import Value
from signals.patterns.matching import answer
from signals.patterns.moment import Moment
from warehouse import clock, market_days
from warehouse.market_days import MarketDays

SESSIONS = 20


@dataclass(frozen=True, slots=True)
class PreviewMatch:
    """The first bar of a session on which the conditions hold: its end in epoch ms, and the values of the fields."""

    symbol: str
    day: dt.date
    bar_end: int
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Preview:
    """Matches, newest first, among the sessions of all symbols.

    `bars` counts the bars that were evaluated up to the first match of their session, `unknown` those of them whose
    answer is unknown, and `missing` names the fields without a value on all of these bars. `without_bars` counts
    sessions of symbols without a stored bar.
    """

    days: tuple[dt.date, ...]
    symbols: tuple[str, ...]
    matches: tuple[PreviewMatch, ...]
    bars: int
    unknown: int
    missing: tuple[str, ...]
    without_bars: int


def preview(
    conditions: Group, symbols: Sequence[str], now_ms: int, count: int = SESSIONS, delay_ms: int = 0
) -> Preview:
    """Return the first match of each symbol and session, of the last `count` sessions that had opened by `now_ms`.

    `delay_ms` is the delay of the provider's data. It computes the features of every session, some 20 ms each.
    """
    market = market_days.read()
    days = _last_sessions(market, now_ms, count)
    first_ms, _ = market.hours_ms(days[0])
    view = market_view.read(symbols, first_ms, now_ms, delay_ms=delay_ms)
    found: list[PreviewMatch] = []
    bars = unknown = without_bars = 0
    seen: set[str] = set()
    for symbol in view.symbols:
        for day in days:
            features = build(view, symbol, day)
            if features is None:
                without_bars += 1
                continue
            for moment in _moments(features):
                each = answer(conditions, moment)
                bars, unknown = bars + 1, unknown + (each.holds is None)
                seen |= {name for name, value in each.values.items() if value is not None}
                if each.holds:
                    found.append(PreviewMatch(symbol, day, int(features.end_ms[moment.row]), each.values))
                    break
    names = dict.fromkeys(field.name for field in conditions.fields())
    return Preview(
        days=tuple(days),
        symbols=tuple(view.symbols),
        matches=tuple(sorted(found, key=lambda one: (-one.bar_end, one.symbol))),
        bars=bars,
        unknown=unknown,
        missing=tuple(name for name in names if bars and name not in seen),
        without_bars=without_bars,
    )


def _moments(features: Features) -> list[Moment]:
    rows = np.arange(features.first_row, len(features)).tolist()
    active = active_directions(features.symbol, features.at_ms[features.first_row :].tolist())
    return [Moment(features, row, direction) for row, direction in zip(rows, active, strict=True)]


def _last_sessions(market: MarketDays, now_ms: int, count: int) -> list[dt.date]:
    """Return the last sessions that had opened, oldest first."""
    today = sessions.new_york_date(clock.instant(now_ms))
    found = market.sessions(market.before(today, count), today)
    return [day for day in found if market.hours_ms(day)[0] <= now_ms][-count:]
