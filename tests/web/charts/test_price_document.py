"""Bars of three sessions with missing ones, and their New York labels around the changes of the clocks."""

from __future__ import annotations

import datetime as dt

import pytest

from quant import sessions
from tests.warehouse.rows import add_action, add_bar
from tests.web.charts.market import MINUTE_MS, SLOT, add_snapshot, ms
from warehouse import clock
from web.charts.documents.price import price_document

pytestmark = [pytest.mark.database, pytest.mark.django_db]
OPEN = ms("2025-11-19 09:30")
QUARTER_MS = 15 * MINUTE_MS


def add_bars(*starts: int, **columns: object) -> None:
    for number, start in enumerate(starts):
        prices = {"open": 6500 + number, "high": 6510 + number, "low": 6490, "close": 6505 + number}
        known = start + QUARTER_MS + 30_000
        add_bar(start, **{"symbol": "SPX", "timeframe": "15m", "known_at": known, **prices, **columns})


def test_each_bar_has_its_prices_and_its_new_york_time(db):
    add_bars(OPEN, OPEN + QUARTER_MS)
    document = price_document("SPX", SLOT + 2 * MINUTE_MS)
    assert document.rows[-2:] == [
        ["Wed 19 Nov 09:30", 6500.0, 6510.0, 6490.0, 6505.0, None],
        ["Wed 19 Nov 09:45", 6501.0, 6511.0, 6490.0, 6506.0, None],
    ]
    assert document.cells[-1] == [
        "Wed 19 Nov 09:45", "6,501.00", "6,511.00", "6,490.00", "6,506.00", "– not sent"
    ]  # fmt: skip
    assert document.parts["axis"][-2:] == ["09:30", "09:45"]
    # 26 bars of Monday and of Tuesday, which are not stored, come first.
    assert (document.parts["starts"], document.parts["days"]) == ([0, 26, 52], ["17 Nov", "18 Nov", "19 Nov"])
    assert document.parts["gaps"] == [[0, 51]]


def test_a_missing_bar_is_a_row_without_prices_in_a_gap(db):
    add_bars(OPEN, OPEN + 3 * QUARTER_MS)
    document = price_document("SPX", OPEN + 4 * QUARTER_MS + 2 * MINUTE_MS)
    assert [row[4] for row in document.rows[-4:]] == [6505.0, None, None, 6506.0]
    assert document.cells[-2] == ["Wed 19 Nov 10:00", *["– no bar"] * 4, "–"]
    assert document.parts["gaps"] == [[0, 51], [53, 54]]
    assert document.notes == ["Missing: 54 bars."]


def test_a_bar_is_missing_only_a_minute_after_its_end(db):
    add_bars(OPEN)
    assert len(price_document("SPX", OPEN + 2 * QUARTER_MS + MINUTE_MS - 1).rows) == 53
    assert len(price_document("SPX", OPEN + 2 * QUARTER_MS + MINUTE_MS).rows) == 54


def test_a_bar_that_was_not_known_yet_is_not_seen(db):
    add_bars(OPEN, OPEN + QUARTER_MS)
    assert price_document("SPX", OPEN + 2 * QUARTER_MS + 29_000).rows[-1][0] == "Wed 19 Nov 09:30"


def test_bars_are_stale_five_minutes_after_the_next_one_ended(db):
    add_bars(OPEN)
    assert price_document("SPX", OPEN + 2 * QUARTER_MS + 5 * MINUTE_MS).state == "LIVE"
    document = price_document("SPX", OPEN + 2 * QUARTER_MS + 6 * MINUTE_MS)
    assert (document.state, document.state_text) == ("STALE", "STALE 21 min")


def test_prices_before_a_split_are_per_share_of_today(db):
    add_bars(ms("2025-11-18 15:45"), symbol="AAPL", volume=10, is_adjusted=False)
    add_bars(OPEN, symbol="AAPL", is_adjusted=False)
    add_action("2025-11-19", kind="split", split_from=1, split_to=4, known_at=OPEN - MINUTE_MS)
    rows = price_document("AAPL", OPEN + 20 * MINUTE_MS).rows
    assert rows[51] == ["Tue 18 Nov 15:45", 1625.0, 1627.5, 1622.5, 1626.25, 40.0]
    assert rows[52][4] == 6505.0


def test_the_levels_are_those_of_the_newest_chain(db):
    add_bars(OPEN, OPEN + QUARTER_MS)
    add_snapshot(SLOT)
    document = price_document("SPX", SLOT + 2 * MINUTE_MS)
    assert [level.value for level in document.levels] == [6510.25, 6600.0, 6500.0, 6450.5]
    assert document.sentence == (
        "Last close 6,506.00, between the walls at 6,500 and 6,600 and above the flip at 6,450.50."
    )


def test_without_bars_the_document_names_the_sessions(db):
    document = price_document("SPX", SLOT)
    assert document.empty is not None
    assert document.empty.reason == "No 15-minute bars of SPX are stored of 17 Nov to 19 Nov 2025."
    assert price_document("SPX", SLOT, timeframe="5m").sentence == (
        "No 5-minute bars of SPX are stored of 19 Nov 2025."
    )


@pytest.mark.parametrize(
    ("days", "utc"),
    [
        ((dt.date(2025, 10, 31), dt.date(2025, 11, 3)), ("13:30", "14:30")),  # clocks went back on 2 November
        ((dt.date(2025, 3, 7), dt.date(2025, 3, 10)), ("14:30", "13:30")),  # and forward on 9 March
    ],
)
def test_labels_are_new_york_times_on_both_sides_of_a_clock_change(db, days, utc):
    opens = [sessions.open_of(day) for day in days]
    assert tuple(f"{at:%H:%M}" for at in opens) == utc
    add_bars(*(clock.epoch_ms(at) for at in opens))
    axis = price_document("SPX", clock.epoch_ms(opens[1]) + 16 * MINUTE_MS).parts["axis"]
    assert (axis[26], axis[51], axis[52]) == ("09:30", "15:45", "09:30")
