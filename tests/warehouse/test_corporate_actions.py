"""Dividends and splits as they were known at an instant."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.roles import as_role
from tests.warehouse.rows import add_action
from warehouse import clock
from warehouse.asof.corporate_actions import dividends, splits, splits_of
from warehouse.models import CorporateAction, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOVEMBER_9 = dt.date(2026, 11, 9)


def new_york(month: int, day: int, hour: int, minute: int = 0) -> int:
    return clock.epoch_ms(dt.datetime(2026, month, day, hour + 5, minute, tzinfo=dt.UTC))


EX = new_york(11, 9, 0)


def test_dividends_go_ex_at_the_start_of_their_session_s_day():
    add_action(dt.date(2026, 12, 14), cash_amount=0.5, known_at=1)
    add_action(NOVEMBER_9, cash_amount=0.26, known_at=1)
    add_action(NOVEMBER_9, symbol="MSFT", cash_amount=1, known_at=1)
    add_action(NOVEMBER_9, kind="split", split_from=1, split_to=4, known_at=1)
    december = new_york(12, 14, 0)
    assert dividends("AAPL", EX - 1) == ((EX, 0.26), (december, 0.5))
    assert dividends("AAPL", EX) == ((december, 0.5),)
    assert dividends("AAPL", december) == ()


def test_an_ex_date_without_a_session_counts_at_the_next_one():
    add_action(dt.date(2026, 11, 7), cash_amount=0.25, known_at=1)  # a Saturday
    add_action(NOVEMBER_9, cash_amount=0.5, known_at=1)
    assert dividends("AAPL", EX - 1) == ((EX, 0.75),)
    assert dividends("AAPL", EX) == ()


def test_a_dividend_is_unknown_before_its_declaration_and_once_withdrawn():
    add_action(NOVEMBER_9, cash_amount=0.26, known_at=new_york(10, 29, 16), withdrawn_at=new_york(11, 3, 8))
    found = ((EX, 0.26),)
    assert dividends("AAPL", new_york(10, 29, 15, 59)) == ()
    assert dividends("AAPL", new_york(10, 29, 16)) == found
    assert dividends("AAPL", new_york(11, 3, 7, 59)) == found
    assert dividends("AAPL", new_york(11, 3, 8)) == ()


def test_splits_are_read_by_ex_date_with_their_ratio():
    one, other = dt.date(2026, 6, 10), dt.date(2026, 11, 9)
    add_action(other, kind="split", split_from=20, split_to=1, known_at=new_york(11, 6, 16))
    add_action(one, kind="split", split_from=1, split_to=4, known_at=1)
    add_action(one, symbol="NVDA", kind="split", split_from=2, split_to=3, known_at=1)
    late = new_york(11, 6, 16)

    def ratios(symbol, first, last, at_ms):
        return [(split.ex_date, split.shares) for split in splits(symbol, first, last, at_ms)]

    assert ratios("AAPL", one, other, late) == [(one, 4.0), (other, 0.05)]
    assert ratios("AAPL", one, other, late - 1) == [(one, 4.0)]
    assert ratios("AAPL", one + dt.timedelta(days=1), other, late) == [(other, 0.05)]
    assert ratios("AAPL", one, other - dt.timedelta(days=1), late) == [(one, 4.0)]
    assert ratios("SPY", one, other, late) == []
    ((symbol, (split,)),) = splits_of(["NVDA", "SPY"], one, other).items()
    assert (symbol, split.shares, split.known_at) == ("NVDA", 1.5, 1)


def test_a_split_is_in_effect_from_its_ex_date_while_it_is_known():
    ex_date, midnight = dt.date(2026, 11, 9), new_york(11, 9, 0)
    add_action(ex_date, kind="split", split_from=1, split_to=4, known_at=new_york(11, 6, 16))
    (split,) = splits("AAPL", ex_date, ex_date, midnight)
    assert (split.is_in_effect(midnight - 1), split.is_in_effect(midnight)) == (False, True)
    assert not split._replace(known_at=midnight + 1).is_in_effect(midnight)
    assert not split._replace(withdrawn_at=midnight).is_in_effect(midnight)


def test_the_reader_role_may_read_them():
    add_action(NOVEMBER_9, known_at=1)
    with as_role("warehouse_reader"):
        assert dividends("AAPL", 1_000_000) == ((EX, 0.25),)


def test_a_changed_amount_keeps_the_earlier_one():
    add_action(NOVEMBER_9, cash_amount=0.26, known_at=1)
    CorporateAction.objects.update(cash_amount=0.27)
    old = SupersededRow.objects.get()
    assert old.key == {"symbol": "AAPL", "kind": "cash_dividend", "ex_date": "2026-11-09"}
    assert old.row["cash_amount"] == 0.26
    assert CorporateAction.objects.get().known_at == 1


def test_an_instant_before_a_correction_has_the_amount_of_its_time():
    soon = clock.now().date() + dt.timedelta(days=30)
    add_action(soon, cash_amount=1.0, known_at=1)
    add_action(soon, kind="split", split_from=1, split_to=4, known_at=1)
    CorporateAction.objects.filter(kind="cash_dividend").update(cash_amount=5.0)
    CorporateAction.objects.filter(kind="split").update(split_to=2)
    at = CorporateAction.objects.first().computed_at

    def known(at_ms):
        amounts = [cash for _, cash in dividends("AAPL", at_ms)]
        return amounts, [split.shares for split in splits("AAPL", soon, soon, at_ms)]

    assert known(at - 1) == ([1.0], [4.0])
    assert known(at) == ([5.0], [2.0])


def test_a_dividend_listed_again_stays_withdrawn_in_between():
    add_action(NOVEMBER_9, cash_amount=1.0, known_at=1, computed_at=300)
    version = {"symbol": "AAPL", "kind": "cash_dividend", "ex_date": "2026-11-09", "cash_amount": 1.0}
    for withdrawn, known_at, until in ((None, 1, 100), (100, 100, 300)):
        row = {**version, "withdrawn_at": withdrawn}
        SupersededRow.objects.create(
            table_name="corporate_actions", key={}, row=row, known_at=known_at, superseded_at=until
        )
    assert [bool(dividends("AAPL", at)) for at in (0, 1, 99, 100, 299, 300)] == [
        False,
        True,
        True,
        False,
        False,
        True,
    ]
