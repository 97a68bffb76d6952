"""Flow of the last hour and its percentile among the same hour of earlier sessions."""

from __future__ import annotations

import pytest

from quant import sessions
from tests.warehouse.rows import add_trade
from tests.web.dashboard.board import MINUTE, NOON, NOW, add_flow_slot, at, market
from web.dashboard import flow_part
from web.dashboard.flow_part import hour_of

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def add(
    time: str, number: int, premium: float | None, sentiment: str, side: str | None, **columns: object
) -> None:
    add_trade(
        at(time),
        number,
        price=1,
        size=int(premium or 0),
        premium=premium,
        sentiment=sentiment,
        side=side,
        known_at=at(time),
        **columns,
    )


def test_premium_of_both_sides_sweeps_and_known_sides():
    add("11:09", 1, 9_000, "BULLISH", "buy")  # before the window
    add("11:10", 2, 300, "BULLISH", "buy", is_sweep=True, sweep_id=2)
    add("11:11", 3, 100, "BEARISH", "sell", is_sweep=True, sweep_id=2)
    add("11:12", 4, 50, "BEARISH", "sell", is_sweep=True, sweep_id=4)
    add("12:09", 5, 50, "NEUTRAL", None)
    add("12:08", 6, 7_000, "BULLISH", "buy", is_cancel=True)
    found = flow_part.read(["SPX"], market())["SPX"]
    assert (found.first_ms, found.last_ms) == (at("11:10"), NOW)
    assert (found.trades, found.premium, found.bullish, found.bearish) == (4, 500, 300, 150)
    assert (found.sweeps, found.bullish_sweeps, found.bearish_sweeps) == (2, 1, 1)
    assert (found.side_known, found.bias, found.last_trade_ms) == (0.9, "BULLISH", at("12:09"))


def test_a_symbol_without_trades_has_zeros_and_no_share():
    found = flow_part.read(["SPX"], market())["SPX"]
    assert (found.trades, found.premium, found.side_known, found.bias) == (0, 0, None, "NEUTRAL")


def test_after_the_close_the_window_is_the_last_hour_of_the_session():
    found = flow_part.read(["SPX"], market(now_ms=at("20:00")))["SPX"]
    assert (found.first_ms, found.last_ms) == (at("15:00"), at("16:00"))


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        ("09:44", []),
        ("10:00", ["09:45", "10:00"]),
        ("12:10", ["11:15", "11:30", "11:45", "12:00"]),
        ("16:00", ["15:15", "15:30", "15:45", "16:00"]),
    ],
)
def test_the_hour_is_the_last_four_whole_intervals(last, ends):
    assert hour_of("2025-11-18", at(last)).today == [at(end) for end in ends]


def test_earlier_sessions_have_the_same_times_of_day_across_a_clock_change():
    past = hour_of("2025-11-03", at("10:00", "2025-11-03")).past  # New York's clocks changed on 2 November
    assert len(past) == 20
    assert past[-1] == [at("09:45", "2025-10-31"), at("10:00", "2025-10-31")]


def test_an_interval_after_an_early_close_does_not_exist():
    past = hour_of("2025-12-01", at("13:30", "2025-12-01")).past
    assert past[-1] == [at("12:45", "2025-11-28"), at("13:00", "2025-11-28"), 0, 0]


def test_the_percentile_is_the_share_of_earlier_sessions_with_less_premium():
    days = [
        f"{day}" for day in sessions.sessions(sessions.dt.date(2025, 11, 10), sessions.dt.date(2025, 11, 17))
    ]
    for day, premium in zip(days, (100, 200, 300, 400, 500, 600), strict=True):
        add_flow_slot(at("11:15", day), premium)
        add_flow_slot(at("12:00", day), premium)
    for time in ("11:15", "11:30", "11:45", "12:00"):
        add_flow_slot(at(time), 200)
    found = flow_part.read(["SPX"], market())["SPX"]
    # 800 dollars today against 200, 400, 600, 800, 1,000 and 1,200
    assert (found.percentile, found.sessions, found.reason) == (0.5, 6, "")


def test_too_few_sessions_give_no_percentile_but_a_reason():
    add_flow_slot(NOON, 100)
    add_flow_slot(NOON - 24 * 60 * MINUTE, 100)
    found = flow_part.read(["SPX"], market())["SPX"]
    assert (found.percentile, found.sessions, found.reason) == (None, 1, "1 of 5 sessions stored")


def test_the_first_quarter_of_an_hour_has_a_reason_too():
    found = flow_part.read(["SPX"], market(now_ms=at("09:44")))["SPX"]
    assert found.reason == "the first 15 minutes have not ended"
