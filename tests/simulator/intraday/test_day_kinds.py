"""Kinds of days: as many as stated, with the stated moves and volumes, and equal opens of the sessions after."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
import pytest

from quant.sessions import sessions
from simulator.intraday.moves import Behaviour
from simulator.market.bars import level_minutes
from simulator.market.market import SyntheticMarket
from simulator.rest.plans import plan
from simulator.universe.instruments import INSTRUMENTS
from simulator.world import World
from tests.simulator.servers import SEED, InProcess, offset_ms

DAYS = sessions(dt.date(2024, 1, 2), dt.date(2026, 3, 12))
LEADERS = [symbol for symbol, one in INSTRUMENTS.items() if one.tracks is None]


@pytest.fixture(scope="module")
def varied() -> SyntheticMarket:
    return SyntheticMarket(SEED, behaviour=Behaviour(day_kinds=True))


def gained(
    market: SyntheticMarket, varied: SyntheticMarket, kind: str
) -> list[tuple[int, np.ndarray, float]]:
    """Return for days of SPX of a kind: turn, the log gain each minute in the kind's direction, and the unit."""
    found = []
    for day in DAYS[-120:]:
        drawn = varied.moves.day_kind("SPX", day)
        if drawn is None or drawn.kind != kind:
            continue
        plain, moved = (one.session("SPX", day).levels[::12] for one in (market, varied))
        weekday = int(np.busday_count("2010-01-01", day))
        found.append((drawn.turn, drawn.side * np.log(moved / plain), market.paths.day_volatility()[weekday]))
    assert len(found) > 5
    return found


def test_the_kinds_are_as_frequent_as_stated(varied) -> None:
    drawn = [varied.moves.day_kind(symbol, day) for symbol in LEADERS for day in DAYS]
    share = {kind: count / len(drawn) for kind, count in Counter(one and one.kind for one in drawn).items()}
    expected = {"trend": 0.20, "reversal": 0.15, "opening drive": 0.10, None: 0.55}
    # Three standard deviations of a share among 5,500 days; the few short sessions have no kind.
    assert share == pytest.approx(expected, abs=0.021)


def test_a_trend_gains_from_the_thirtieth_minute_to_the_close(market, varied) -> None:
    for _, gain, unit in gained(market, varied, "trend"):
        assert np.abs(gain[:31]).max() < 1e-5
        assert gain[[210, 390]] / unit == pytest.approx([0.6, 1.2], abs=1e-3)


def test_a_reversal_gains_until_the_turn_and_returns(market, varied) -> None:
    for turn, gain, unit in gained(market, varied, "reversal"):
        assert int(np.argmax(gain)) == pytest.approx(turn, abs=1)
        assert gain[[turn, 390]] / unit == pytest.approx([1.2, 0.0], abs=2e-3)


def test_an_opening_drive_gains_in_the_first_half_hour(market, varied) -> None:
    for _, gain, unit in gained(market, varied, "opening drive"):
        assert gain[[0, 15, 30, 390]] / unit == pytest.approx([0.0, 0.6, 0.9, 0.9], abs=2e-3)


@pytest.mark.parametrize(
    ("kind", "first", "last", "factor"), [("trend", 30, 390, 1.5), ("opening drive", 0, 30, 2.5)]
)
def test_volume_is_unusual_while_the_price_moves(market, varied, kind, first, last, factor) -> None:
    day = next(day for day in DAYS[::-1] if getattr(varied.moves.day_kind("SPX", day), "kind", "") == kind)
    plain, moved = (level_minutes(one, "SPY", day).volume for one in (market, varied))
    expected = np.ones(390)
    expected[first:last] = factor
    assert moved / plain == pytest.approx(expected, rel=1e-4)


def test_a_session_opens_as_without_the_kind_of_the_day_before(market, varied) -> None:
    for day in DAYS[-40:]:
        assert varied.session("NDX", day).levels[0] == market.session("NDX", day).levels[0]


def test_the_endpoint_lists_the_kinds_of_days(varied) -> None:
    client = InProcess(World(SEED, plan("advanced"), offset_ms(), behaviour=Behaviour(day_kinds=True)))
    rows = client.get("/simulator/intraday/day-kinds?first=2026-03-02&last=2026-03-12").json()["results"]
    spx = {row["date"]: row["kind"] for row in rows if row["symbols"] == ["SPX", "SPY"]}
    expected = {day.isoformat(): varied.moves.day_kind("SPX", day) for day in DAYS[-9:]}
    assert spx == {day: kind.kind for day, kind in expected.items() if kind is not None}
    assert len(rows) > len(spx) > 0
