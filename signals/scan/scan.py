"""Which signals a session has: all detectors on its bars, scored, and one live signal per key.

The same function serves the scanner, for which the session is the present one and the newest bar is what is new, and
backtests. It depends on the view alone, and on the signals that people dismissed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from quant.market.outcome_kinds import OPEN
from quant.score_thresholds import BOOST_RULES
from quant.sessions import new_york_date
from signals.context.boost import Profile
from signals.detectors.registry import DETECTORS
from signals.features.build import build
from signals.features.mirroring import mirror
from signals.features.record import BarLength, Features, recent
from signals.market_view import MarketView
from signals.rules.detector import Detector
from signals.scan.configured import ALWAYS_DEFAULT, WeightHistory
from signals.scan.found import FoundSignal, found_at
from signals.scan.paths import Path, daily_path, session_path
from warehouse import clock
from warehouse.asof.rows import Texts
from warehouse.models.enums import UnderlyingKind

PAUSE_BARS = 5  # after a live signal ends in bar j, the next of its key may begin with bar j + 5
INDEX_ETFS = ("SPY", "QQQ", "IWM", "DIA")


@dataclass(frozen=True, slots=True)
class SessionSignals:
    """The signals of one symbol and session, oldest first, and the record from which they come, None without a bar.

    `no_data` maps each detector that ran to its reasons for no answer, one for each bar of the session, '' for none.
    """

    features: Features | None
    signals: tuple[FoundSignal, ...]
    no_data: Mapping[str, Texts] = field(default_factory=dict)


def detectors_for(
    symbol: str, kind: str, timeframe: BarLength, detectors: Sequence[Detector] = DETECTORS
) -> list[Detector]:
    """Return the detectors that run on a symbol and a length of bars.

    Those of stocks run on equities and ETFs, those of indices on indices and on the ETFs of `INDEX_ETFS`.
    """
    is_index = kind == UnderlyingKind.INDEX
    kinds = (
        {"options"} | ({"index"} if is_index else {"stock"}) | ({"index"} if symbol in INDEX_ETFS else set())
    )
    return [one for one in detectors if one.rule.symbols in kinds and timeframe in one.rule.timeframes]


def scan_session(
    view: MarketView,
    symbol: str,
    day: dt.date,
    *,
    profile: Profile = "default",
    minimum: float = BOOST_RULES.minimum_score,
    weights: WeightHistory = ALWAYS_DEFAULT,
    dismissed: Mapping[tuple[str, int, int], int] | None = None,
    detectors: Sequence[Detector] = DETECTORS,
    one_at_a_time: bool = True,
) -> SessionSignals:
    """Return the signals of the 15-minute bars of a symbol's session, as far as the view reaches.

    While a signal with the disposition ACTIVE lives, and for five bars after its end, no other firing of its key is
    a signal; without `one_at_a_time` every firing is one. `dismissed` maps (detector, direction, end of the bar) to the
    instant at which a person dismissed the signal, epoch ms.
    """
    features = build(view, symbol, day)
    if features is None:
        return SessionSignals(None, ())
    one = view.symbols[symbol]
    seen = recent(features)
    image = mirror(seen)
    firings: list[list[FoundSignal]] = []
    no_data: dict[str, Texts] = {}
    for detector in detectors_for(symbol, one.kind, "15m", detectors):
        detections = detector.detect(seen, image)
        no_data[detector.name] = detections.no_data[seen.first_row :]
        fired = np.flatnonzero(detections.fired)
        firings.append(
            [
                found_at(seen, detector, detections, row, profile, minimum, weights.at(int(seen.at_ms[row])))
                for row in fired[fired >= seen.first_row].tolist()
            ]
        )
    if one_at_a_time and any(firings):
        rule = _OneAtATime(session_path(view, symbol, day), dismissed or {})
        firings = [rule.kept(signals) for signals in firings]
    found = [signal for signals in firings for signal in signals]
    found.sort(key=lambda each: (each.bar_end, each.detector.number))
    return SessionSignals(features, tuple(found), no_data)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A signal of daily bars of an earlier session that had the disposition ACTIVE.

    `dismissed_at` is when a person dismissed it, epoch ms, None if nobody did.
    """

    detector: str
    side: int
    bar_end: int
    reference: float
    stop_price: float
    target_prices: tuple[float, ...]
    dismissed_at: int | None = None
    needs_minutes: bool = False  # a daily bar has none


def scan_daily(
    view: MarketView,
    symbol: str,
    day: dt.date,
    earlier: Sequence[Earlier] = (),
    *,
    profile: Profile = "default",
    minimum: float = BOOST_RULES.minimum_score,
    weights: WeightHistory = ALWAYS_DEFAULT,
    detectors: Sequence[Detector] = DETECTORS,
) -> SessionSignals:
    """Return the signals of the daily bar of a session; `view` is one of daily bars.

    No firing of a key is a signal while an `earlier` one of it lives, and for five bars after its end.
    """
    features = build(view, symbol, day, "1d")
    if features is None:
        return SessionSignals(None, ())
    seen = recent(features)
    image = mirror(seen)
    row = len(seen) - 1
    found, no_data = [], {}
    for detector in detectors_for(symbol, view.symbols[symbol].kind, "1d", detectors):
        detections = detector.detect(seen, image)
        no_data[detector.name] = detections.no_data[row:]
        if detections.fired[row]:
            active = weights.at(int(seen.at_ms[row]))
            signal = found_at(seen, detector, detections, row, profile, minimum, active)
            same = [one for one in earlier if (one.detector, one.side) == (detector.name, signal.direction)]
            if all(_is_over(view, symbol, day, one) for one in same):
                found.append(signal)
    return SessionSignals(features, tuple(found), no_data)


def _is_over(view: MarketView, symbol: str, day: dt.date, one: Earlier) -> bool:
    """Return whether an earlier daily signal ended at least five bars before the bar of a session."""
    began = new_york_date(clock.instant(one.bar_end))
    path = daily_path(view, symbol, began)
    now = len(view.days.sessions(began, day)) - 1
    found = path.outcomes([one])
    ended = np.inf if found.end[0] == OPEN else float(found.end_row[0])
    if one.dismissed_at is not None:
        ended = min(ended, path.row(one.dismissed_at))
    return now >= ended + PAUSE_BARS


@dataclass(frozen=True, slots=True)
class _OneAtATime:
    """The rule that one signal of a key lives at a time, along the path of a session."""

    path: Path
    dismissed: Mapping[tuple[str, int, int], int]

    def kept(self, signals: Iterable[FoundSignal]) -> list[FoundSignal]:
        """Return the signals of one detector that begin while no other of their key lives or has just ended."""
        kept: list[FoundSignal] = []
        free_from: dict[int, float] = {}
        for signal in signals:
            if self.path.row(signal.bar_end) < free_from.get(signal.direction, 0):
                continue
            kept.append(signal)
            if signal.score.disposition == "ACTIVE":
                free_from[signal.direction] = self._end_row(signal) + PAUSE_BARS
        return kept

    def _end_row(self, signal: FoundSignal) -> float:
        """Return the bar in which a signal ends, infinity where it lives to the end of the session."""
        at_ms = self.dismissed.get((signal.detector.name, signal.direction, signal.bar_end))
        dismissed = np.inf if at_ms is None else self.path.row(at_ms)
        if signal.detector.rule.ending != "session":
            return dismissed
        found = self.path.outcomes([signal])
        return dismissed if found.end[0] == OPEN else min(float(found.end_row[0]), dismissed)
