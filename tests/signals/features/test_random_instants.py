"""No feature, engine or detector uses a fact that was not known: 200 random instants of a stored market."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace

import numpy as np
import pytest

from quant import sessions
from signals import market_view
from signals.confluence import confluence
from signals.context.contexts import read
from signals.features.build import build
from signals.features.mirroring import mirror
from signals.features.record import recent
from signals.look_ahead import LATER, arrays, as_known, differing
from signals.scan.scan import detectors_for
from signals.score import firing_at, score
from tests.signals import market
from tests.warehouse.rows import add_event
from warehouse import clock

pytestmark = [pytest.mark.django_db]
DAYS = sessions.sessions(dt.date(2026, 11, 20), dt.date(2026, 11, 30))  # one closes early
KINDS = {"SPY": "etf", "SPX": "index", "AAPL": "stock"}
INSTANTS, OF_DAYS = 200, 20
# Columns that need stored surfaces, a broken session, or what is not measured.
NEVER = {
    "missing",
    "flow.opening_share",
    "iv.ramp",
    "iv.expected_move",
    "iv.variance_premium",
}


@pytest.fixture
def views(db):
    """Store three symbols, one of them an index and one with an event; return the views of both lengths of bars."""
    for symbol, kind in KINDS.items():
        market.watch(symbol, kind, "SPY" if kind == "index" else None)
        market.store_bars(symbol, DAYS[-1], has_volume=kind != "index")
        market.store_gamma(symbol, DAYS[0], DAYS[-1])
        market.store_flow(symbol, dt.date(2026, 10, 1), DAYS[-1])
    market.store_days(list(KINDS), dt.date(2026, 11, 10), DAYS[-1])
    market.store_curve(
        "AAPL",
        [DAYS[2], DAYS[-1], dt.date(2026, 12, 4), dt.date(2026, 12, 18)],
        dt.date(2026, 10, 15),
        DAYS[-1],
    )
    known_at = clock.epoch_ms(sessions.open_of(DAYS[1])) + sessions.HOUR_MS
    add_event(DAYS[2], symbol="AAPL", timing="AFTER_CLOSE", certainty="CONFIRMED", known_at=known_at)
    add_event(
        DAYS[-1],
        symbol="AAPL",
        timing="BEFORE_OPEN",
        certainty="CONFIRMED",
        known_at=0,
        withdrawn_at=known_at,
    )
    first_ms, last_ms = clock.epoch_ms(sessions.open_of(DAYS[0])), clock.epoch_ms(sessions.close_of(DAYS[-1]))
    until_ms = last_ms + sessions.HOUR_MS
    return {length: market_view.read(list(KINDS), first_ms, until_ms, length) for length in ("15m", "1d")}


def detections_of(record, kind):
    """Return the detections of all detectors that run on the symbol of a record, and the rows before theirs."""
    seen = recent(record)
    image = mirror(seen)
    detectors = detectors_for(record.symbol, kind, record.timeframe)
    return [(one, one.detect(seen, image)) for one in detectors], len(record) - len(seen)


def answers(record, found, row):
    """Return everything that is derived from one row: contexts, confluence, answers of detectors, and scores."""
    contexts = read(record, row)
    derived = [contexts, confluence(record, row, contexts.alignment, 1)]
    detected, skipped = found
    for detector, detections in detected:
        at = row - skipped
        for one in fields(detections):
            values = getattr(detections, one.name)
            value = values[:, at] if one.name in ("conditions", "factors") else values[at]
            derived.append((detector.name, one.name, np.asarray(value).tobytes()))
        if detections.fired[at]:
            derived.append(score(firing_at(detector, detections, at), contexts))
    return derived


def test_nothing_depends_on_what_was_not_known_at_200_instants(views):
    generator = np.random.default_rng(2026)
    wholes, known = {}, set()
    for number in range(INSTANTS):
        length = "1d" if number < OF_DAYS else "15m"
        symbol, day = str(generator.choice(list(KINDS))), DAYS[int(generator.integers(len(DAYS)))]
        one = views[length].symbols[symbol]
        view, key = replace(views[length], symbols={symbol: one}), (length, symbol, day)
        if key not in wholes:
            built = build(view, symbol, day, length)
            wholes[key] = built, detections_of(built, one.kind)
        whole, found = wholes[key]
        row = int(generator.integers(whole.first_row, len(whole)))
        at_ms = int(whole.at_ms[row])
        for place, later in enumerate(LATER):
            again = build(as_known(view, at_ms, later), symbol, day, length)
            assert differing(whole, again, at_ms) == [], (key, row, later)
            if number % len(LATER) == place:  # detectors take most of the time
                derived = answers(again, detections_of(again, one.kind), row)
                assert derived == answers(whole, found, row), (key, row, later)
        known |= {name for name, column in arrays(whole) if is_known(column[row])}
    assert {name for name, _ in arrays(whole)} - known == NEVER


def is_known(value):
    found = np.atleast_1d(value)
    return bool(np.any(found != "" if found.dtype.kind == "U" else ~np.isnan(found.astype(float))))
