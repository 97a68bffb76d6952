"""The condition of a cancel says which of several equal trades it takes back, by OPRA's definitions."""

from __future__ import annotations

import pytest

from flow.storing import cancels
from tests.flow.storing.test_cancels import canceled, match, store
from tests.flow.trades import NOON_MS, make_batch, process
from warehouse.models import OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

CANC, OSEQ, CNCL, LATE, CNCO, OPEN, CNOL, OPNL = ({"condition": condition} for condition in range(201, 209))
TRADE = {"condition": 209}
OTHER = {"size": 50}  # differs from the canceled trades
SMALL = {"size": 2}  # too small to be stored


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([TRADE, TRADE, TRADE, CANC, CNCL], {2: 4, 3: 5}),
        ([TRADE, TRADE, TRADE, CNCL, CANC], {3: 4}),
        ([TRADE, CANC], {}),
        ([TRADE, TRADE, CANC], {}),
        ([OTHER, TRADE, CANC], {}),
        ([TRADE, OTHER, CANC], {}),
        ([OTHER, TRADE, OTHER, CANC], {2: 4}),
        ([OTHER, TRADE, TRADE, OTHER, CANC, CANC], {3: 5, 2: 6}),
        ([TRADE, TRADE, CNCO, CNCL], {1: 3, 2: 4}),
        ([TRADE, TRADE, TRADE, CNCO, CANC], {1: 4}),
        ([TRADE, TRADE, TRADE, TRADE, CNCO, CANC], {1: 5, 3: 6}),
        ([TRADE, CNOL], {1: 2}),
    ],
)
def test_cancels_take_trades_by_their_place_among_the_reports(rows, expected):
    store(*rows)
    match()
    assert canceled() == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([TRADE, OSEQ, CNCL], {1: 3}),
        ([TRADE, OSEQ, CANC], {2: 3}),
        ([TRADE, LATE, CNCL], {2: 3}),
        ([TRADE, LATE, CANC], {}),
        ([TRADE, OPEN, CNCO], {2: 3}),
        ([TRADE, OPEN, CNCL], {1: 3}),
        ([TRADE, TRADE, OPEN, CANC], {1: 4}),
        ([TRADE, OPNL, CNCO], {2: 3}),
        ([TRADE, OPNL, CNCL], {2: 3}),
        ([TRADE, OPNL, OTHER, CANC], {1: 4}),
    ],
)
def test_late_reports_have_the_place_of_their_condition(rows, expected):
    store(*rows)
    match()
    assert canceled() == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([SMALL, TRADE, SMALL, CANC], {2: 4}),
        ([SMALL, TRADE, CANC], {}),
        ([TRADE, SMALL, CANC], {}),
        ([SMALL, TRADE, TRADE, SMALL, CANC, CANC], {3: 5, 2: 6}),
        ([SMALL, TRADE, SMALL, SMALL | CNCL, CANC], {}),
    ],
)
def test_trades_too_small_to_be_stored_count_as_reports(rows, expected):
    store(*rows)
    match()
    assert canceled() == expected


def test_the_cancel_of_a_small_trade_takes_no_other_trade():
    """The first two trades are a split, so they are stored, and equal to the third, which is not."""
    times = (0, 100, 5_000, 6_000)
    rows = [{"size": 5, "timestamp_ms": NOON_MS + at, "price": 1.1} for at in times]
    process(make_batch(*rows[:3], rows[3] | CNCL))
    assert OptionsFlow.objects.count() == 3
    match()
    assert canceled() == {}


@pytest.mark.parametrize("condition", [CNCL, CNCO])
def test_a_cancel_that_its_report_does_not_equal_takes_an_equal_trade(condition):
    """An exchange may mean the last or first report of its own."""
    store(OTHER, TRADE, OTHER, condition)
    match()
    assert canceled() == {2: 4}


def test_reports_seen_before_a_cancel_are_stored_on_its_row():
    store(SMALL, TRADE, SMALL, CANC, TRADE)
    rows = OptionsFlow.objects.order_by("sequence_number")
    assert list(rows.values_list("sequence_number", "first_report", "last_report")) == [
        (2, None, None),
        (4, 1, 3),
        (5, None, None),
    ]


def test_trades_without_a_number_are_not_stored_as_reports():
    store({"sequence_number": -2}, {"sequence_number": -1}, CANC)
    row = OptionsFlow.objects.get(is_cancel=True)
    assert (row.first_report, row.last_report) == (None, None)


def test_a_late_trade_after_the_canceled_one_makes_it_no_longer_the_last():
    first, second = {"sequence_number": 1}, {"sequence_number": 2, "timestamp_ms": NOON_MS + 1000}
    cancel = {"sequence_number": 9, "timestamp_ms": NOON_MS + 5000, **CANC}
    process(make_batch(first, second, cancel))
    match()
    assert canceled() == {}
    days = process(make_batch({"sequence_number": 5, "timestamp_ms": NOON_MS + 3000, **OTHER})).cancels
    assert cancels.match(days) == 1
    assert canceled() == {2: 9}


def test_pass_over_recent_rows_takes_a_trade_with_an_earlier_report():
    days = store(OTHER, TRADE, TRADE, TRADE, CANC, CNCL)
    cancels.match(days, NOON_MS + 1000)  # without the first trade
    assert canceled() == {3: 5, 4: 6}


def test_pass_over_recent_rows_leaves_what_may_be_the_first_report():
    rows = [{"sequence_number": number, "timestamp_ms": NOON_MS + 1000 * number} for number in range(1, 5)]
    process(make_batch(rows[0] | OTHER))
    days = process(make_batch(rows[1], rows[2] | OTHER, rows[3] | CANC)).cancels
    cancels.match(days, NOON_MS + 2000)
    assert canceled() == {}
    cancels.match(days)
    assert canceled() == {2: 4}
    assert cancels.match(days, NOON_MS + 2000) == 0
