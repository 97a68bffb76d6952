"""Setups that are planted while the market runs: prices before them are unchanged, and the endpoint lists them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from simulator.intraday.moves import RANDOM_WALK, Behaviour
from simulator.intraday.setups import BAR_TICKS
from simulator.market.bars import level_minutes
from simulator.market.market import SyntheticMarket
from simulator.rest.plans import plan
from simulator.world import World
from tests.simulator.servers import INSTANT, SEED, InProcess, offset_ms

TODAY = INSTANT.date()  # 11:30 New York
SETUPS = "/simulator/intraday/setups"
MINUTES = f"/v2/aggs/ticker/SPY/range/1/minute/{TODAY}/{TODAY}?limit=50000"


def client_at(instant: dt.datetime = INSTANT, behaviour: Behaviour = RANDOM_WALK) -> InProcess:
    return InProcess(World(SEED, plan("advanced"), offset_ms(instant), behaviour=behaviour))


def planted_by(client: InProcess, **body: object) -> dict:
    answer = client.post(SETUPS, body)
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["results"]
    return row


def listed(client: InProcess) -> list[dict]:
    return client.get(f"{SETUPS}?first={TODAY}&last={TODAY}").json()["results"]


@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(day_kinds=True)])
def test_prices_change_from_the_planted_bar_on_only(behaviour: Behaviour) -> None:
    plain, market = (SyntheticMarket(SEED, behaviour=behaviour) for _ in range(2))
    for symbol in ("SPY", "AAPL"):
        before, volume = market.session(symbol, TODAY).levels, level_minutes(market, symbol, TODAY).volume
        setup = market.plant(symbol, TODAY, 10, wins=True)
        levels, start, end = market.session(symbol, TODAY).levels, 10 * BAR_TICKS, 11 * BAR_TICKS
        np.testing.assert_array_equal(before, plain.session(symbol, TODAY).levels)
        np.testing.assert_array_equal(levels[:start], before[:start])
        assert not np.array_equal(levels[start:end], before[start:end])
        leader = market.session(setup.symbol, TODAY).levels
        assert leader[end - 1] == pytest.approx(setup.close, abs=0.011)
        path = setup.side * leader[end : end + setup.ticks]
        assert (path >= setup.side * setup.target).any()
        assert not (path <= setup.side * setup.stop).any()
        raised = level_minutes(market, symbol, TODAY).volume
        np.testing.assert_array_equal(raised[:150], volume[:150])
        assert raised[150:165].sum() > 1.5 * volume[150:165].sum()


def test_the_next_bar_is_planted_and_listed_with_its_end() -> None:
    client = client_at()
    assert listed(client) == []
    row = planted_by(client, symbol="SPY")
    starts = dt.datetime(2026, 3, 12, 15, 45, tzinfo=dt.UTC).timestamp() * 1000
    assert (row["symbols"], row["bar_start"], row["wins"]) == (["SPX", "SPY"], starts, True)
    assert listed(client) == [row]
    assert planted_by(client, symbol="AAPL", bar=15, wins=None)["decided_by"] is None
    assert planted_by(client, symbol="AMD", bar=20, wins=False)["wins"] is False
    assert [row["symbols"][0] for row in listed(client)] == ["SPX", "AAPL", "AMD"]


def test_bars_that_were_sent_before_are_forgotten() -> None:
    client = client_at(INSTANT + dt.timedelta(minutes=1))
    world = client.world
    before = client.get(MINUTES).json()["results"]
    row = planted_by(client, symbol="SPY")
    world.clock_offset_ms += 3_600_000
    found = client.get(MINUTES).json()["results"]
    assert found[: len(before)] == before
    closes = {bar["t"]: bar["c"] for bar in found}
    plain = client_at(INSTANT + dt.timedelta(minutes=61)).get(MINUTES).json()["results"]
    changed = [bar["t"] for bar in plain if closes[bar["t"]] != bar["c"]]
    assert row["bar_start"] <= changed[0] < row["bar_end"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"symbol": "VIX"}, "VIX has no setups: name one of SPX, NDX"),
        ({"symbol": "SPY", "bar": 8}, "bar must be one of 9 to 20, counted from 0"),
        ({"symbol": "SPY", "bar": 21}, "bar must be one of 9 to 20, counted from 0"),
        ({"symbol": "SPX"}, "SPX has a setup in the session of 2026-03-12 already"),
        ({"symbol": "SPX", "bars": 9}, "contains unknown field `bars`"),
    ],
)
def test_what_cannot_be_planted_is_refused(body: dict, text: str) -> None:
    client = client_at(behaviour=Behaviour(setups=True))
    answer = client.post(SETUPS, body)
    assert answer.status_code == 400
    assert text in answer.json()["error"]


def test_nothing_is_planted_while_the_exchange_is_closed_or_closes_early() -> None:
    closed = client_at(dt.datetime(2026, 3, 12, 21, 0, tzinfo=dt.UTC))
    assert (
        closed.post(SETUPS, {"symbol": "SPY"}).json()["error"]
        == "a setup is planted while the exchange is open"
    )
    early = client_at(dt.datetime(2025, 11, 28, 15, 30, tzinfo=dt.UTC))
    assert early.post(SETUPS, {"symbol": "SPY"}).json()["error"] == "the session of 2025-11-28 closes early"
