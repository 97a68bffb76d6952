"""Check that the detectors of a backtest use nothing from after the bar on which they fire.

Bars are drawn at random from the tested sessions. Each is evaluated again from views in which every later fact is
absent, missing or random, and from the database as it was known at the bar's instant. Features and answers must be
equal, bit for bit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from backtest.request import Request
from quant.sessions import HOUR_MS
from signals import market_view
from signals.features.build import build
from signals.features.record import Features, recent
from signals.look_ahead import LATER, as_known, differing
from signals.market_view import MarketView
from signals.rules.detector import Detections, Detector
from signals.scan.scan import detectors_for
from warehouse import asof, market_days

BARS = 60  # drawn for a check


@dataclass(frozen=True, slots=True)
class LookAhead:
    """Number of bars checked, and the names of the features and detectors that used later facts."""

    bars: int
    differing: tuple[str, ...]


def look_ahead(request: Request, detectors: Sequence[Detector] | None = None, bars: int = BARS) -> LookAhead:
    """Return the result of the check for `bars` bars of the request's symbols and sessions.

    `detectors` replace those of the request. Do not call it inside a transaction: it reads as of past instants.
    """
    generator = np.random.default_rng(request.seed)
    market = market_days.read()
    days = request.sessions(market)
    checked, names = 0, set[str]()
    for _ in range(bars):
        symbol = str(generator.choice(request.symbols))
        day = days[generator.integers(len(days))]
        open_ms, close_ms = market.hours_ms(day)
        view = market_view.read([symbol], open_ms, close_ms + HOUR_MS, request.timeframe)
        whole = build(view, symbol, day, request.timeframe)
        if whole is None:
            continue
        row = int(generator.integers(whole.first_row, len(whole)))
        at_ms = int(whole.at_ms[row])
        kind = view.symbols[symbol].kind
        rules = detectors_for(
            symbol, kind, request.timeframe, request.rules if detectors is None else detectors
        )
        checked += 1
        for again in _as_known(request, view, symbol, day, at_ms):
            names.update(differing(whole, again, at_ms))
            names.update(_differing_answers(whole, again, at_ms, rules))
    return LookAhead(checked, tuple(sorted(names)))


def _as_known(
    request: Request, view: MarketView, symbol: str, day: dt.date, at_ms: int
) -> Iterator[Features | None]:
    """Yield the record of a session from each view that holds nothing from after an instant."""
    for later in LATER:
        yield build(as_known(view, at_ms, later), symbol, day, request.timeframe)
    with asof.at(at_ms):
        known = market_view.read([symbol], view.days.hours_ms(day)[0], at_ms, request.timeframe)
    yield build(known, symbol, day, request.timeframe)


def _differing_answers(
    whole: Features, again: Features | None, at_ms: int, rules: Sequence[Detector]
) -> Iterator[str]:
    """Yield the detectors whose answers on the bar of an instant differ between two records."""
    if again is None:
        return
    one, other = recent(whole), recent(again)
    for rule in rules:
        if _answer(rule.detect(one), one, at_ms) != _answer(rule.detect(other), other, at_ms):
            yield f"detector {rule.name}"


def _answer(found: Detections, features: Features, at_ms: int) -> list[bytes]:
    row = int(np.flatnonzero(features.at_ms == at_ms)[-1])
    values = [getattr(found, one.name) for one in fields(found)]
    # Conditions and factors have one row each, with a column per bar.
    cells = [
        value[:, row] if value.shape[-1] == len(features) and value.ndim == 2 else value[row]
        for value in values
    ]
    return [np.asarray(cell).astype(str).tobytes() for cell in cells]
