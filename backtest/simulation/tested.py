"""One tested session: its signals, their outcomes, and the prices that random entries need."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from backtest.patterns.matched import Key, matched, rules_of
from backtest.request import Request
from quant.chain import Floats
from quant.market.outcomes import Outcomes
from signals.features.record import Features
from signals.market_view import MarketView
from signals.rules.rule import LONG, Ending
from signals.scan.crush import Crush, measure
from signals.scan.found import FoundSignal
from signals.scan.paths import Path, daily_path, session_path
from signals.scan.scan import Earlier, SessionSignals, scan_daily, scan_session
from warehouse.asof.rows import Texts


@dataclass(frozen=True, slots=True)
class Slots:
    """Prices of the bars of a session at which a signal may fire, in all its slots; shape (k,), NaN where unknown.

    `range` is the average true range of the bars, and the walls are those of the newest snapshot of gamma.
    """

    close: Floats
    range: Floats
    resistance: Floats
    support: Floats


@dataclass(frozen=True, slots=True)
class Followed:
    """Signals of one session whose outcomes are measured in the same way, and those outcomes, in the same order."""

    ending: Ending
    signals: tuple[FoundSignal, ...]
    outcomes: Outcomes
    path: Path


@dataclass(frozen=True, slots=True)
class Predicted:
    """A signal about volatility and how its prediction ended, None as long as that is open."""

    signal: FoundSignal
    crush: Crush | None


@dataclass(frozen=True, slots=True)
class PastSession:
    """A session of a symbol: `followed` are its signals about prices, `predicted` those about volatility.

    `no_data` holds for each detector why its bars have no answer, '' where they have one. `patterns` names the patterns
    that held on the bar of each signal.
    """

    day: dt.date
    followed: tuple[Followed, ...]
    predicted: tuple[Predicted, ...]
    no_data: Mapping[str, Texts]
    path: Path
    slots: Slots
    patterns: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)


def tested_session(view: MarketView, symbol: str, day: dt.date, request: Request) -> PastSession | None:
    """Return the signals of the 15-minute bars of a session with their outcomes, None without a bar."""
    found = scan_session(
        view,
        symbol,
        day,
        profile=request.profile,
        minimum=request.minimum,
        weights=request.weight_history,
        detectors=request.rules,
        one_at_a_time=request.one_at_a_time,
    )
    if found.features is None:
        return None
    path = session_path(view, symbol, day)
    return PastSession(
        day,
        _followed(found.signals, path, request),
        _predicted(view, symbol, found.signals, request),
        found.no_data,
        path,
        _slots(found.features, path),
        matched(found.features, found.signals, rules_of(request.patterns)),
    )


def tested_day(
    view: MarketView, symbol: str, day: dt.date, request: Request, earlier: Sequence[Earlier]
) -> PastSession | None:
    """Return the signals of the daily bar of a session with their outcomes, None without that bar.

    `earlier` are the signals of the sessions before.
    """
    found: SessionSignals = scan_daily(
        view,
        symbol,
        day,
        earlier if request.one_at_a_time else (),
        profile=request.profile,
        minimum=request.minimum,
        weights=request.weight_history,
        detectors=request.rules,
    )
    if found.features is None:
        return None
    path = daily_path(view, symbol, day)
    return PastSession(
        day, _followed(found.signals, path, request), (), found.no_data, path, _slots(found.features, path)
    )


def wall_ahead(signal: FoundSignal) -> float:
    """Return the wall ahead of a signal in the snapshot of its bar, NaN without one."""
    gamma = signal.contexts.gamma
    wall = gamma.resistance if signal.direction == LONG else gamma.support
    return np.nan if wall is None else wall


def _followed(signals: Sequence[FoundSignal], path: Path, request: Request) -> tuple[Followed, ...]:
    found = []
    endings: tuple[Ending, ...] = ("session", "pin")
    for ending in endings:
        chosen = tuple(one for one in signals if one.detector.rule.ending == ending)
        if not chosen:
            continue
        walls = np.array([wall_ahead(one) if request.wall_exit else np.nan for one in chosen])
        outcomes = path.outcomes(
            chosen,
            walls=walls if ending == "session" else None,
            costs=request.costs,
            to_close=ending == "pin",
        )
        found.append(Followed(ending, chosen, outcomes, path))
    return tuple(found)


def _predicted(
    view: MarketView, symbol: str, signals: Sequence[FoundSignal], request: Request
) -> tuple[Predicted, ...]:
    """Return the signals about volatility with what became of it, as far as the request knows the market."""
    one = view.symbols[symbol]
    until_ms = sys.maxsize if request.until_ms is None else request.until_ms
    return tuple(
        Predicted(
            signal, measure(symbol, one.events, one.curve, signal.bar_end, signal.evaluated_at, until_ms)
        )
        for signal in signals
        if signal.detector.rule.ending == "iv_change"
    )


def _slots(features: Features, path: Path) -> Slots:
    count = len(path.bars)
    rows = np.arange(features.first_row, len(features))
    slot = np.array([path.row(int(end)) for end in features.end_ms[rows]])
    inside = slot < count
    columns = {}
    for name, values in (
        ("close", features.close),
        ("range", features.atr14),
        ("resistance", features.gamma.resistance),
        ("support", features.gamma.support),
    ):
        columns[name] = np.full(count, np.nan)
        columns[name][slot[inside]] = values[rows[inside]]
    return Slots(**columns)
