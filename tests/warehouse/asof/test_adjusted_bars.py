"""Bars adjusted for the splits that were known and in effect at an instant."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from tests.warehouse.rows import add_action, add_bar
from warehouse import clock
from warehouse.asof import adjusted_bars, bars
from warehouse.asof.adjusted_bars import read, read_history

pytestmark = [pytest.mark.database, pytest.mark.django_db]

FRIDAY, MONDAY, TUESDAY = (dt.date(2025, 11, day) for day in (7, 10, 11))


def midnight(day: dt.date) -> int:
    return clock.epoch_ms(dt.datetime.combine(day, dt.time(5), dt.UTC))


def opens(day: dt.date) -> int:
    return midnight(day) + 570 * 60_000


def closes(day: dt.date) -> int:
    return opens(day) + 390 * 60_000


def add(day: dt.date, price: float, timeframe: str = "1d", start_ms: int | None = None, **columns) -> None:
    prices = dict.fromkeys(("open", "high", "low", "close", "vwap"), price)
    at_ms = midnight(day) if start_ms is None else start_ms
    add_bar(at_ms, symbol="AAPL", timeframe=timeframe, **prices, volume=1_000.0, transactions=7, **columns)


def split(ex_date: dt.date, old: float, new: float, known_at: int = 1, **columns) -> None:
    add_action(ex_date, kind="split", split_from=old, split_to=new, known_at=known_at, **columns)


def closes_read(at_ms: int, timeframe: str = "1d") -> list[float]:
    return read("AAPL", timeframe, midnight(FRIDAY), closes(TUESDAY), at_ms).close.tolist()


def test_earlier_bars_are_divided_from_the_ex_date_on():
    for day, price in ((FRIDAY, 400.0), (MONDAY, 100.0)):
        add(day, price)
        add(day, price, "1m", opens(day))
    split(MONDAY, 1, 4)
    for timeframe in ("1d", "1m"):
        assert closes_read(midnight(MONDAY) - 1, timeframe) == [400.0, 100.0]  # not in effect yet
        assert closes_read(midnight(MONDAY), timeframe) == [100.0, 100.0]
    found = read("AAPL", "1d", midnight(FRIDAY), midnight(FRIDAY), closes(MONDAY))
    assert {getattr(found, name)[0] for name in ("open", "high", "low", "close", "vwap")} == {100.0}
    assert (found.volume[0], found.transactions[0]) == (4_000.0, 7.0)


def test_a_split_is_applied_only_once_it_is_known_and_not_withdrawn():
    add(FRIDAY, 400.0)
    split(MONDAY, 1, 4, known_at=closes(MONDAY), withdrawn_at=closes(TUESDAY))
    found = [closes_read(at_ms) for at_ms in (closes(MONDAY) - 1, closes(MONDAY), closes(TUESDAY))]
    assert found == [[400.0], [100.0], [400.0]]


def test_later_splits_multiply_and_earlier_ones_do_not_count():
    for day, price in ((FRIDAY, 10.0), (MONDAY, 200.0), (TUESDAY, 50.0)):
        add(day, price)
    split(FRIDAY, 1, 3)
    split(MONDAY, 20, 1)
    split(TUESDAY, 1, 4)
    split(MONDAY, 1, 2, symbol="MSFT")
    assert closes_read(closes(TUESDAY)) == pytest.approx([50.0, 50.0, 50.0], rel=1e-15)
    assert closes_read(closes(MONDAY)) == pytest.approx([200.0, 200.0, 50.0], rel=1e-15)


def test_a_weekly_bar_has_the_shares_of_the_end_of_its_week():
    add(FRIDAY, 400.0, "1w", midnight(dt.date(2025, 11, 3)))
    add(MONDAY, 100.0, "1w")
    split(TUESDAY, 1, 4)
    found = read("AAPL", "1w", midnight(dt.date(2025, 11, 3)), closes(TUESDAY), closes(TUESDAY))
    assert found.close.tolist() == [100.0, 100.0]


def test_bars_of_unknown_shares_are_left_out_before_a_split():
    add(FRIDAY, 100.0, is_adjusted=None)
    add(MONDAY, 101.0)
    add(TUESDAY, 102.0, is_adjusted=None)
    assert closes_read(closes(TUESDAY)) == [100.0, 101.0, 102.0]
    split(TUESDAY, 1, 4)
    assert closes_read(closes(TUESDAY)) == [25.25, 102.0]
    assert closes_read(closes(MONDAY)) == [101.0, 102.0]  # it may be adjusted for the later split
    assert bars.read("AAPL", "1d", midnight(FRIDAY), midnight(FRIDAY)).close.tolist() == [100.0]


def test_a_history_is_read_once_for_several_instants(django_assert_num_queries):
    add(FRIDAY, 400.0)
    split(MONDAY, 1, 4)
    with django_assert_num_queries(4):  # bars, splits, corrected splits, bars of unknown shares
        history = read_history("AAPL", "1d", midnight(FRIDAY), closes(TUESDAY))
        found = [history.adjusted(at_ms).close.tolist() for at_ms in (closes(FRIDAY), closes(MONDAY))]
    assert found == [[400.0], [100.0]]


def test_without_bars_nothing_is_adjusted():
    split(MONDAY, 1, 4)
    assert len(read("AAPL", "1d", midnight(FRIDAY), closes(TUESDAY), closes(TUESDAY))) == 0


def test_absent_values_stay_absent():
    add_bar(midnight(FRIDAY), symbol="AAPL", timeframe="1d", open=4, high=4, low=4, close=4)
    split(MONDAY, 1, 4)
    found = read("AAPL", "1d", midnight(FRIDAY), closes(TUESDAY), closes(TUESDAY))
    assert found.close.tolist() == [1.0]
    assert all(math.isnan(getattr(found, name)[0]) for name in ("volume", "vwap", "transactions"))


def test_days_of_a_week_are_per_share_of_its_end():
    week_before = dt.date(2025, 11, 6)
    for day, price in ((week_before, 400.0), (MONDAY, 400.0), (TUESDAY, 100.0)):
        add(day, price)
    split(TUESDAY, 1, 4)
    history = read_history("AAPL", "1d", midnight(week_before), closes(TUESDAY))
    assert adjusted_bars.to_end_of_week(history.bars, history.splits).close.tolist() == [400.0, 100.0, 100.0]
