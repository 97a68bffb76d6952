"""A cancel is matched to its trade by their common values, always to the same one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flow.storing import cancels
from flow.storing.cancels import ContractDay
from tests.flow.trades import CALL, NOON_MS, PUT, make_batch, process
from tests.roles import run
from warehouse.models import OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

DAY_MS = NOON_MS - NOON_MS % cancels.DAY_MS
CANC, CNCL, CNCO, CNOL = 201, 203, 205, 207


def store(*rows: dict) -> tuple[ContractDay, ...]:
    """Store one trade per row, one second apart."""
    return process(
        make_batch(*({"timestamp_ms": NOON_MS + 1000 * second} | row for second, row in enumerate(rows)))
    ).cancels


def canceled() -> dict[int, int]:
    """Return the sequence number of each cancelled trade with that of its cancel."""
    rows = OptionsFlow.objects.exclude(canceled_by=None).values_list("sequence_number", "canceled_by")
    return dict(rows)


def match(ticker: str = CALL) -> int:
    return cancels.match([ContractDay("SPX", ticker, DAY_MS)])


@pytest.mark.parametrize(("condition", "taken"), [(CNCL, 2), (CNCO, 1), (CNOL, 1)])
def test_cancel_of_an_opening_trade_takes_the_first_match(condition, taken):
    store({}, {}, {"condition": condition})
    assert match() == 1
    assert canceled() == {taken: 3}


@pytest.mark.parametrize(
    "other", [{"price": 1.06}, {"size": 11}, {"exchange": 313}, {"contract_ticker": PUT}], ids=str
)
def test_trade_that_differs_is_not_cancelled(other):
    store(other, {"condition": CNCL})
    assert match() == 0
    assert canceled() == {}


def test_trade_after_the_cancel_is_not_cancelled():
    store({"condition": CNCL}, {})
    assert match() == 0


def test_two_cancels_take_two_trades():
    store({}, {}, {"condition": CNCL}, {"condition": CNCL})
    assert match() == 2
    assert canceled() == {2: 3, 1: 4}


def test_second_pass_changes_nothing():
    store({}, {}, {"condition": CNCL})
    match()
    assert match() == 0


def test_late_trade_replaces_the_trade_cancelled_first():
    store({"sequence_number": 1}, {"sequence_number": 9, "timestamp_ms": NOON_MS + 5000, "condition": CNCL})
    match()
    assert canceled() == {1: 9}
    store({"sequence_number": 5, "timestamp_ms": NOON_MS + 3000})
    assert match() == 2
    assert canceled() == {5: 9}


def test_cancel_and_matching_earlier_trade_need_a_pass():
    day = ContractDay("SPX", CALL, DAY_MS)
    assert store({}) == ()
    assert store({"sequence_number": 2, "condition": CNCL}) == (day,)
    assert store({"sequence_number": 3}) == (day,)
    assert store({"sequence_number": 4, "price": 1.06}) == ()
    assert store({"sequence_number": 5, "contract_ticker": PUT}) == ()
    assert store({"sequence_number": 6, "timestamp_ms": NOON_MS + 1}) == ()
    assert store({"sequence_number": 7, "timestamp_ms": NOON_MS - cancels.DAY_MS}) == ()
    assert cancels.days_with_cancels(NOON_MS, NOON_MS + 1) == [day]
    assert cancels.days_with_cancels(NOON_MS + 1, NOON_MS + 2) == []


@pytest.mark.parametrize(("condition", "at_once"), [(CNCL, {2: 3}), (CNCO, {})])
def test_pass_over_recent_rows_skips_cancels_of_opening_trades(condition, at_once):
    days = store({"timestamp_ms": NOON_MS - 60_000}, {}, {"condition": condition})
    cancels.match(days, NOON_MS - 30_000)
    assert canceled() == at_once
    cancels.match(days)
    assert canceled() == {1 if condition == CNCO else 2: 3}


def test_pass_over_the_day_finds_older_trades():
    days = store({"timestamp_ms": NOON_MS - 60_000}, {"condition": CNCL})
    assert cancels.match(days, NOON_MS - 30_000) == 0
    assert cancels.match(days) == 1


def test_trades_without_an_exchange_match_too():
    store({"exchange": 0}, {"exchange": 0, "condition": CNCL})
    assert match() == 1


def test_summary_excludes_cancels_and_cancelled_trades():
    store({"timestamp_ms": NOON_MS - 2}, {"timestamp_ms": NOON_MS - 1, "condition": CNCL}, {"size": 20})
    match()
    (summary,) = run("SELECT total_premium FROM get_flow_summary('SPX', 60)")
    assert summary == (2100,)  # 1.05 x 20 x 100


kinds_of_trades = st.lists(
    st.tuples(st.sampled_from([209, *range(201, 209)]), st.sampled_from([10, 10, 20]), st.integers(0, 12)),
    min_size=2,
    max_size=8,
)


def rows_of(kinds: list[tuple[int, int, int]]) -> list[dict]:
    """Return trades of (condition, size, seconds after the trade before)."""
    at = NOON_MS
    rows = []
    for number, (condition, size, pause) in enumerate(kinds, 1):
        at += 1 + 1000 * pause
        rows.append({"sequence_number": number, "timestamp_ms": at, "condition": condition, "size": size})
    return rows


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=kinds_of_trades, data=st.data())
def test_any_order_of_arrival_gives_the_same_assignment(kinds, data):
    rows = rows_of(kinds)
    run("TRUNCATE options_flow_history")
    process(make_batch(*rows))
    match()
    expected = canceled()
    run("TRUNCATE options_flow_history")
    for row in data.draw(st.permutations(rows)):
        cancels.match(process(make_batch(row)).cancels)
    assert canceled() == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=kinds_of_trades, since=st.integers(0, 40_000))
def test_pass_over_recent_rows_changes_them_as_that_over_the_day(kinds, since):
    run("TRUNCATE options_flow_history")
    days = process(make_batch(*rows_of(kinds))).cancels
    cancels.match(days, NOON_MS + since)
    recent = canceled()
    cancels.match(days)
    expected = canceled()
    assert recent.items() <= expected.items()
    assert cancels.match(days, NOON_MS + since) == 0
