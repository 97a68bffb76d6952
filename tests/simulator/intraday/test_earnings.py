"""Earnings: implied volatility before and after them, the move of the next open, and the file of their dates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from ingestion.imports.event_file import Imported, import_events
from quant.sessions import close_of, next_session, open_of, sessions
from simulator.intraday.moves import Behaviour
from simulator.market.market import SyntheticMarket
from simulator.past.volatility import volatility_days
from simulator.rest.plans import plan
from simulator.universe.earnings import earnings_of
from simulator.world import World
from tests.simulator.servers import SEED, InProcess, offset_ms

EVENT = dt.date(2026, 1, 22)  # the fourth Thursday
AFTER = dt.date(2026, 1, 23)


@pytest.fixture(scope="module")
def announced() -> SyntheticMarket:
    return SyntheticMarket(SEED, behaviour=Behaviour(earnings=True))


def at_the_money(market: SyntheticMarket, instant: dt.datetime, expiration: dt.date) -> float:
    """Return the volatility of AAPL at the forward, between the two nearest strikes."""
    truth = market.chain_truth("AAPL", instant)
    rows = np.flatnonzero(truth.listing.is_call & (truth.listing.expiration == np.datetime64(expiration)))
    order = rows[np.argsort(truth.listing.strike[rows])]
    moneyness = np.log(truth.listing.strike[order] / truth.forward[order])
    return float(np.interp(0.0, moneyness, truth.volatility[order]))


def test_front_volatility_rises_before_earnings_and_falls_after_them(announced, market) -> None:
    days = [dt.date(2026, 1, 12), dt.date(2026, 1, 16), EVENT]
    front = [at_the_money(announced, close_of(day), dt.date(2026, 1, 30)) for day in days]
    assert front == sorted(front)
    assert front[-1] > at_the_money(announced, close_of(EVENT), dt.date(2026, 2, 20)) + 0.05
    opened = open_of(AFTER) + dt.timedelta(minutes=5)
    after, plain = (at_the_money(one, opened, dt.date(2026, 1, 30)) for one in (announced, market))
    assert after < front[-1] - 0.10
    assert after == pytest.approx(plain, abs=0.01)


def test_an_expiration_before_the_earnings_has_no_event_variance(announced, market) -> None:
    day = dt.date(2026, 1, 13)
    both = [at_the_money(one, close_of(day), dt.date(2026, 1, 16)) for one in (announced, market)]
    assert both[0] == pytest.approx(both[1], abs=0.005)


def test_the_open_after_earnings_moves_more_than_other_opens(announced) -> None:
    events = {next_session(one.date) for one in earnings_of("AAPL")}
    days = sessions(dt.date(2015, 1, 2), dt.date(2026, 3, 12))
    closes = np.array([announced.session("AAPL", day).levels[-1] for day in days])
    opens = np.array([announced.session("AAPL", day).levels[0] for day in days])
    gaps = np.log(opens[1:] / closes[:-1])
    is_event = np.array([day in events for day in days[1:]])
    deviation = gaps[is_event].std()
    assert np.count_nonzero(is_event) == 45
    assert deviation == pytest.approx(0.036, rel=0.35)  # three standard deviations of 45 moves
    assert deviation > 4 * gaps[~is_event].std()


def test_past_volatility_contains_the_earnings_within_each_tenor(announced, market) -> None:
    found, plain = (volatility_days(one, "AAPL", [EVENT, AFTER]) for one in (announced, market))
    added = (np.array(found["iv_30"]) ** 2 - np.array(plain["iv_30"]) ** 2) * 30 / 365
    event = (1.2 * 0.03 / 0.85) ** 2
    assert added == pytest.approx([event, 0.0], abs=1e-12)
    year = np.array(found["at_the_money"]) ** 2 - np.array(plain["at_the_money"]) ** 2
    assert year[:, -1] == pytest.approx([4 * event, 3 * event], abs=1e-12)
    assert found["variance_index"][0] > plain["variance_index"][0]


def test_indices_and_stocks_without_the_option_are_unchanged(announced, market) -> None:
    assert np.array_equal(announced.session("SPX", AFTER).levels, market.session("SPX", AFTER).levels)
    assert announced.event_variance("SPX", 0.0, 2e9) == 0.0
    assert market.event_variance("AAPL", 0.0, 2e9) == 0.0


@pytest.mark.database
@pytest.mark.django_db
def test_the_served_file_of_known_earnings_can_be_imported(tmp_path: Path) -> None:
    now = dt.datetime(2026, 3, 31, 16, 0, tzinfo=dt.UTC)
    client = InProcess(World(SEED, plan("advanced"), offset_ms(now), behaviour=Behaviour(earnings=True)))
    answer = client.get("/simulator/intraday/events.csv?first=2026-01-02&last=2026-06-30")
    assert answer.text.splitlines()[:2] == [
        "symbol,kind,date,timing,certainty,known_on",
        "TSLA,EARNINGS,2026-01-21,AFTER_CLOSE,CONFIRMED,2025-12-24",
    ]
    assert "AAPL,EARNINGS,2026-01-22,AFTER_CLOSE,CONFIRMED,2025-12-25" in answer.text
    path = tmp_path / "events.csv"
    path.write_text(answer.text, encoding="utf-8")
    # All of January, and those of April, which are at most four weeks ahead.
    assert import_events(path, int(now.timestamp() * 1000)) == Imported(14, 0, 0)
