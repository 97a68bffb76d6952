"""Opened and closed contracts of a session, stored when the next session's first open interest is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from ingestion.daily.closing import DueWork, due_opening_flow
from ingestion.daily.opening_flow import store_opening_flow
from ingestion.daily.rollups import roll_up
from tests.warehouse.rows import add_greeks, add_trade
from warehouse import clock, runs
from warehouse.models import FlowOpeningDay, HistoricalGreeks, IngestionRun, OptionsFlow, SupersededRow

pytestmark = pytest.mark.database

SESSION, FOLLOWING = date(2026, 11, 18), date(2026, 11, 19)
OPEN = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
NEXT_OPEN = OPEN + timedelta(days=1)
NOON_MS = clock.epoch_ms(OPEN) + 9_000_000
OPEN_MS, NEXT_MS, MINUTE_MS = clock.epoch_ms(OPEN), clock.epoch_ms(NEXT_OPEN), 60_000
ROSE, FELL, EXPIRED, LISTED = (f"O:SPXW261{number}C06500000" for number in ("218", "219", "118", "220"))
WORK = DueWork("store_opening_flow", "SPX", SESSION)


@pytest.fixture
def trades(spx) -> None:
    add_trade(NOON_MS, 1, contract_ticker=ROSE, size=100, premium=5000)
    add_trade(NOON_MS, 2, contract_ticker=ROSE, size=60, premium=3000)
    add_trade(NOON_MS, 3, contract_ticker=FELL, size=50, premium=1000)
    add_trade(NOON_MS, 4, contract_ticker=EXPIRED, size=30, premium=90)
    add_trade(NOON_MS, 5, contract_ticker=LISTED, size=20, premium=None)
    add_trade(NOON_MS, 6, contract_ticker=ROSE, size=100, premium=5000, is_cancel=True)
    add_trade(NOON_MS, 7, contract_ticker=ROSE, size=100, premium=5000, canceled_by=6)
    add_trade(NOON_MS, 8, contract_ticker=ROSE, size=100, premium=5000, symbol="SPY")
    add_trade(NOON_MS - 24 * 60 * MINUTE_MS, 9, contract_ticker=ROSE, size=100, premium=5000)
    for ticker, interest in ((ROSE, 1000), (FELL, 500), (EXPIRED, 70)):
        add_greeks(OPEN_MS, ticker, open_interest=interest)


def add_next_chain(slot_ms: int = NEXT_MS) -> None:
    for ticker, interest in ((ROSE, 1120), (FELL, 100), (LISTED, 40)):
        add_greeks(slot_ms, ticker, open_interest=interest)


def now_ms(minutes: int) -> int:
    """Return the time so many minutes after the open of the next session."""
    return NEXT_MS + minutes * MINUTE_MS


def stored() -> dict:
    row = FlowOpeningDay.objects.values().get()
    return {name: row[name] for name in row if name not in ("id", "known_at")}


EXPECTED = {
    "symbol": "SPX",
    "date": SESSION,
    "next_date": FOLLOWING,
    "contracts": 260,
    "opened_contracts": 120,
    "closed_contracts": 50,
    "unknown_contracts": 50,
    "premium": Decimal(9090),
    "opened_premium": Decimal(6000),
    "closed_premium": Decimal(1000),
    "unknown_premium": Decimal(90),
    "method_version": "flow-opening-1",
    "computed_at": None,
}


def test_flow_is_divided_by_the_change_of_open_interest(trades, at_market_time):
    """One contract rose by 120, one fell by 400; of one the next value is unknown, of one the first."""
    at_market_time(NEXT_OPEN + timedelta(minutes=2))
    add_next_chain()
    result = store_opening_flow("SPX", SESSION, now_ms(2))
    assert str(result) == (
        "opening flow of SPX 2026-11-18: of 260 contracts 120 opened, 50 closed, 50 unknown"
    )
    assert stored() == EXPECTED
    assert FlowOpeningDay.objects.get().known_at >= now_ms(2)


def test_the_first_chain_with_open_interest_of_a_session_counts(trades):
    add_greeks(NEXT_MS, ROSE)
    add_next_chain(NEXT_MS + 15 * MINUTE_MS)
    add_greeks(NEXT_MS + 30 * MINUTE_MS, ROSE, open_interest=9)
    store_opening_flow("SPX", SESSION, now_ms(40))
    assert stored() == EXPECTED


def test_without_the_next_open_interest_the_run_fails_and_is_repeated(trades):
    add_greeks(NEXT_MS, ROSE)
    result = store_opening_flow("SPX", SESSION, now_ms(2))
    assert result.detail == "no open interest of 2026-11-19 is stored yet"
    assert (IngestionRun.objects.get().status, FlowOpeningDay.objects.count()) == ("FAILED", 0)
    add_next_chain(NEXT_MS + 15 * MINUTE_MS)
    store_opening_flow("SPX", SESSION, now_ms(16))
    assert stored() == EXPECTED


def test_all_flow_is_unknown_after_a_session_without_open_interest(trades):
    store_opening_flow("SPX", SESSION, now_ms(8 * 60))
    row = stored()
    assert (row["contracts"], row["opened_contracts"], row["unknown_contracts"]) == (260, 0, 260)
    assert (row["unknown_premium"], row["closed_premium"]) == (Decimal(9090), 0)


def test_a_row_is_stored_once_and_computed_again_on_request(trades):
    add_next_chain()
    store_opening_flow("SPX", SESSION, now_ms(2))
    OptionsFlow.objects.filter(sequence_number=3).delete()
    assert store_opening_flow("SPX", SESSION, now_ms(3)).detail == "already done"
    assert stored() == EXPECTED
    store_opening_flow("SPX", SESSION, now_ms(3), again=True)
    row = FlowOpeningDay.objects.get()
    assert (row.contracts, row.closed_contracts) == (210, 0)
    assert row.computed_at is not None
    (version,) = SupersededRow.objects.filter(table_name="flow_opening_daily")
    assert version.row["closed_contracts"] == 50


def test_a_past_row_is_known_when_a_live_one_is(trades):
    add_next_chain()
    with runs.claim(
        "store_opening_flow", "SPX", clock.epoch_ms(OPEN + timedelta(hours=6, minutes=30))
    ) as run:
        runs.finish(run)
    store_opening_flow("SPX", SESSION, now_ms(9999), again=True)
    assert FlowOpeningDay.objects.get().known_at == NEXT_MS + MINUTE_MS


def test_the_job_is_due_once_the_next_sessions_chain_is_stored(trades, at_market_time):
    at_market_time(OPEN + timedelta(hours=7))
    roll_up(SESSION)
    assert due_opening_flow(clock.now()) == []
    at_market_time(NEXT_OPEN + timedelta(minutes=2))
    assert due_opening_flow(clock.now()) == []
    with runs.claim("ingest_chain", "SPX", NEXT_MS) as run:
        runs.finish(run)
    assert due_opening_flow(clock.now()) == [WORK]
    add_next_chain()
    store_opening_flow("SPX", SESSION, now_ms(2))
    assert due_opening_flow(clock.now()) == []


def test_the_job_is_due_after_a_next_session_without_a_chain(trades, at_market_time):
    at_market_time(OPEN + timedelta(hours=7))
    roll_up(SESSION)
    at_market_time(NEXT_OPEN + timedelta(hours=10))
    assert WORK in due_opening_flow(clock.now())


def test_a_failed_job_waits_before_it_is_repeated(trades, at_market_time):
    at_market_time(OPEN + timedelta(hours=7))
    roll_up(SESSION)
    with runs.claim("ingest_chain", "SPX", NEXT_MS) as run:
        runs.finish(run)
    at_market_time(NEXT_OPEN + timedelta(minutes=2))
    store_opening_flow("SPX", SESSION, now_ms(2))
    assert due_opening_flow(clock.now()) == []
    at_market_time(NEXT_OPEN + timedelta(minutes=5))
    assert due_opening_flow(clock.now()) == [WORK]


def test_the_report_shows_the_last_known_day(trades, at_market_time):
    at_market_time(NEXT_OPEN + timedelta(minutes=2))
    add_next_chain()
    store_opening_flow("SPX", SESSION, now_ms(2))
    assert HistoricalGreeks.objects.count() == 6
    out = StringIO()
    call_command("flow_report", "SPX", stdout=out)
    assert (
        " ".join(out.getvalue().split()).count(
            "260 contracts of 2026-11-18 by the change of open interest: opened 120 ($6.0k), closed 50 ($1.0k),"
            " unknown 50 ($90)"
        )
        == 1
    )
