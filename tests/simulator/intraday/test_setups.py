"""Planted setups: nothing before the bar shows them, and what follows is decided as the endpoint says."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant.sessions import close_of, sessions
from simulator.intraday.moves import Behaviour
from simulator.intraday.setups import BAR_TICKS, INDICES, STOCKS, Setup
from simulator.market.bars import level_minutes
from simulator.market.market import SyntheticMarket
from simulator.past.volatility import volatility_days
from simulator.rest.plans import plan
from simulator.world import World
from tests.simulator.servers import SEED, InProcess, offset_ms

FIRST, LAST = dt.date(2026, 1, 2), dt.date(2026, 3, 12)
SYMBOLS = ("SPX", "NDX", "RUT", "AAPL", "AMD", "NVDA")
WIN_RATE = 0.6


@pytest.fixture(scope="module")
def planted() -> SyntheticMarket:
    return SyntheticMarket(SEED, behaviour=Behaviour(setups=True, win_rate=WIN_RATE))


def setups(market: SyntheticMarket, symbol: str) -> list[Setup]:
    found = [market.moves.setup(symbol, date) for date in sessions(FIRST, LAST)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_session_is_unchanged_until_the_planted_bar(market, planted, symbol: str) -> None:
    for setup in setups(planted, symbol):
        until = setup.bar * BAR_TICKS
        before, after = (one.session(symbol, setup.date).levels for one in (market, planted))
        assert np.array_equal(before[:until], after[:until])
        assert not np.array_equal(before[until:], after[until:])
        plain, raised = (level_minutes(one, symbol, setup.date) for one in (market, planted))
        minute = setup.bar * 15
        assert np.array_equal(plain.volume[:minute], raised.volume[:minute])
        assert np.array_equal(plain.volume[minute + 15 :], raised.volume[minute + 15 :])


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_planted_bar_closes_beyond_the_twenty_bars_before(planted, symbol: str) -> None:
    found = setups(planted, symbol)
    assert len(found) >= 12
    for setup in found:
        days = sessions(setup.date - dt.timedelta(days=7), setup.date)[-2:]
        before, levels = (planted.session(symbol, day).levels for day in days)
        end = (setup.bar + 1) * BAR_TICKS
        past = np.concatenate((before, levels[: setup.bar * BAR_TICKS]))[-20 * BAR_TICKS :]
        close = levels[end - 1]
        assert close == pytest.approx(setup.close, abs=0.011)
        assert setup.side * close > (setup.side * past).max()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_winner_reaches_the_target_and_a_loser_the_stop_first(planted, symbol: str) -> None:
    found = setups(planted, symbol)
    assert {one.wins for one in found} == {True, False}
    for setup in found:
        end = (setup.bar + 1) * BAR_TICKS
        path = setup.side * planted.session(symbol, setup.date).levels[end : end + setup.ticks]
        target, stop = path >= setup.side * setup.target, path <= setup.side * setup.stop
        assert (target.any(), stop.any()) == (setup.wins, not setup.wins)


def test_winners_are_as_frequent_as_the_win_rate(planted) -> None:
    found = [one.wins for symbol in SYMBOLS for one in setups(planted, symbol)]
    more = SyntheticMarket(SEED, behaviour=Behaviour(setups=True, win_rate=1.0))
    assert len(found) == 97
    assert np.mean(found) == pytest.approx(WIN_RATE, abs=0.15)  # three standard deviations
    assert all(one.wins for one in setups(more, "SPX"))


def test_without_an_edge_the_price_continues_as_it_would_have(market) -> None:
    walk = SyntheticMarket(SEED, behaviour=Behaviour(setups=True))
    for setup in setups(walk, "SPX"):
        assert setup.wins is None
        end = (setup.bar + 1) * BAR_TICKS
        ratio = walk.session("SPX", setup.date).levels[end:] / market.session("SPX", setup.date).levels[end:]
        assert np.ptp(ratio) < 1e-5  # rounding to cents


def test_volume_until_the_planted_bar_ends_is_unusual(planted) -> None:
    ratios = []
    for setup in setups(planted, "SPX"):
        days = sessions(setup.date - dt.timedelta(days=40), setup.date)[-15:]
        sums = [level_minutes(planted, "SPY", day).volume[: setup.bar * 15 + 15].sum() for day in days]
        ratios.append(sums[-1] / np.mean(sums[:-1]))
    assert min(ratios) > 1.5


def test_the_session_after_a_planted_one_opens_as_without_it(market, planted) -> None:
    for setup in setups(planted, "SPX"):
        after = sessions(setup.date + dt.timedelta(days=1), setup.date + dt.timedelta(days=7))[0]
        assert planted.session("SPX", after).levels[0] == market.session("SPX", after).levels[0]


def test_past_volatility_has_the_closes_of_the_moved_sessions(planted) -> None:
    days = sessions(LAST - dt.timedelta(days=7), LAST)
    spots = volatility_days(planted, "SPX", days)["spot"]
    assert spots == [planted.session("SPX", day).levels[-1] for day in days]


def test_etfs_have_the_setup_of_their_index(planted) -> None:
    assert planted.moves.setup("SPY", LAST) is planted.moves.setup("SPX", LAST)
    assert planted.moves.setup("ZAAB", LAST) is None


def test_a_short_session_has_no_setup(planted) -> None:
    early = dt.date(2025, 11, 28)
    assert (close_of(early).hour, close_of(early).minute) == (18, 0)
    assert all(planted.moves.setup(symbol, early) is None for symbol in SYMBOLS)


def test_the_endpoint_lists_the_setups_of_a_range(planted) -> None:
    client = InProcess(World(SEED, plan("advanced"), offset_ms(), behaviour=Behaviour(True, WIN_RATE)))
    rows = client.get("/simulator/intraday/setups?first=2026-03-10&last=2026-03-12").json()["results"]
    assert [row["bar_end"] for row in rows] == sorted(row["bar_end"] for row in rows)
    assert sorted(row["symbols"][0] for row in rows) == sorted(INDICES + STOCKS)
    (row,) = (row for row in rows if "SPY" in row["symbols"])
    setup = planted.moves.setup("SPX", LAST)
    ends = dt.datetime(2026, 3, 12, 16, 45, tzinfo=dt.UTC).timestamp() * 1000  # 12:45 New York
    assert row == {
        "symbols": ["SPX", "SPY"],
        "date": "2026-03-12",
        "kind": "breakout",
        "direction": "SHORT",
        "bar_start": ends - 900_000,
        "bar_end": ends,
        "wins": False,
        "decided_by": ends + 5000 * setup.ticks,
        "close": setup.close,
        "stop": setup.stop,
        "target": setup.target,
    }
    assert client.get("/simulator/intraday/setups?first=2010-01-01&last=2026-03-12").status_code == 400


def test_a_market_without_setups_lists_none() -> None:
    client = InProcess(World(SEED, plan("advanced"), offset_ms()))
    for name in ("setups", "day-kinds"):
        answer = client.get(f"/simulator/intraday/{name}?first=2026-02-02&last=2026-03-12").json()
        assert answer["results"] == []
