"""Breadth compares prices per share of its session."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.breadth import Breadth, BreadthInTurn, breadth, year_before
from ingestion.bars.daily_bars_window import adjusted, stock_year
from quant.sessions import next_session
from tests.ingestion.stored import store_day_bars
from tests.warehouse.rows import add_action
from warehouse.models import HistoricalBar

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

SESSION = date(2026, 11, 18)
DAYS = year_before(SESSION)


@pytest.fixture(autouse=True)
def cleared(spx) -> None:
    """An empty warehouse on the afternoon of SESSION."""


def store_split_stock(days_with_new_shares: int) -> None:
    """Store a year of a stock that rises by 1 % at the end, with a 4:1 split before the last sessions."""
    n = len(DAYS) - days_with_new_shares
    closes = [400.0] * n + [100.0] * (days_with_new_shares - 1) + [101.0]
    store_day_bars(
        "AAPL", {midnight_ms(day): close for day, close in zip(DAYS, closes, strict=True)}, volume=1e6
    )


@pytest.mark.parametrize("days", [1, 2, 60, 251])
def test_a_split_is_neither_a_fall_nor_a_low(days):
    store_split_stock(days)
    ex_date = DAYS[-days]
    add_action(ex_date, kind="split", split_from=1, split_to=4, known_at=1)
    assert breadth(SESSION) == Breadth(1, 0, 1.0, 1, 0)


def test_a_split_that_was_unknown_at_the_close_is_not_applied():
    store_split_stock(1)
    add_action(SESSION, kind="split", split_from=1, split_to=4, known_at=close_ms(SESSION) + 1)
    assert breadth(SESSION) == Breadth(0, 1, 0.0, 0, 1)


def test_the_next_session_applies_a_split_to_the_bars_read_before():
    ex_date = next_session(SESSION)
    store_split_stock(1)  # 101 at the close of SESSION, before it 400
    store_day_bars("AAPL", {midnight_ms(ex_date): 30.0}, volume=1e6)
    add_action(SESSION, kind="split", split_from=1, split_to=4, known_at=1)
    add_action(ex_date, kind="split", split_from=1, split_to=4, known_at=1)
    in_turn = BreadthInTurn()
    assert [in_turn(day).advancers for day in (SESSION, ex_date)] == [1, 1]
    assert [in_turn(day).decliners for day in (SESSION, ex_date)] == [0, 0]


def test_a_year_is_per_share_of_its_session_and_volumes_too():
    store_split_stock(2)
    add_action(DAYS[-2], kind="split", split_from=1, split_to=4, known_at=1)
    year = adjusted(stock_year(DAYS))
    assert year.close[-3:, 0].tolist() == [100.0, 100.0, 101.0]
    assert year.volume[-3:, 0].tolist() == [4e6, 1e6, 1e6]
    assert (year.high[0, 0], year.low[0, 0]) == (100.0, 100.0)


def test_bars_of_unknown_shares_are_absent_before_a_split():
    store_split_stock(2)
    HistoricalBar.objects.filter(timestamp__in=[midnight_ms(DAYS[0]), midnight_ms(DAYS[-3])]).update(
        is_adjusted=None
    )
    HistoricalBar.objects.filter(timestamp=midnight_ms(DAYS[-1])).update(is_adjusted=None)
    add_action(DAYS[-2], kind="split", split_from=1, split_to=4, known_at=1)
    year = adjusted(stock_year(DAYS))
    assert np.flatnonzero(np.isnan(year.high[:, 0])).tolist() == [0, 249]
    assert np.flatnonzero(np.isnan(year.close[:, 0])).tolist() == [47]
