"""Trades of a past session are stored as the stream would have brought them, each once, each contract asked once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from flow.history.backfill import NOT_IN_PLAN, OUTSIDE_RETENTION, UNREADABLE, backfill_flow
from provider.errors import Unavailable
from tests.flow.history.test_repair import page, past_quote, rest_trade
from tests.flow.trades import CALL, NOON_MS, PUT, make_batch, process
from tests.ingestion.fixtures import client_of
from tests.provider.server import refusal
from tests.warehouse.rows import add_greeks
from warehouse import clock, partitions
from warehouse.models import ContractSizeDay, HistoricalBar, IngestionRun, OptionsFlow
from warehouse.task_names import RunTask

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

SESSION = date(2026, 11, 17)
AT = NOON_MS - 24 * 3_600_000  # noon of it
CLOSE_MS = clock.epoch_ms(datetime(2026, 11, 17, 21, 0, tzinfo=UTC))


@pytest.fixture
def backfill(provider):
    return lambda *contracts: backfill_flow(
        "SPX", SESSION, contracts or (CALL,), client_of(provider), clock.now_ms()
    )


@pytest.fixture
def tells(provider):
    def tell(*trades: dict[str, Any], quotes: tuple[dict[str, Any], ...] = (), ticker: str = CALL) -> None:
        provider.tell(f"/v3/trades/{ticker}", page(*trades))
        provider.tell(f"/v3/quotes/{ticker}", page(*quotes))

    return tell


def rows() -> list[OptionsFlow]:
    return list(OptionsFlow.objects.order_by("contract_ticker", "timestamp", "sequence_number"))


def test_a_trade_stands_against_what_was_known_when_it_was_made(backfill, tells):
    partitions.ensure("historical_bars", AT, AT)
    for start, close in ((AT - 90_000, 6400), (AT - 30_000, 9999)):  # the second ends after the trade
        HistoricalBar.objects.create(
            symbol="SPX", timeframe="1m", timestamp=start, open=1, high=1, low=1, close=close
        )
    ContractSizeDay.objects.create(symbol="SPX", date=date(2026, 11, 16), trades=4, contracts=12)
    ContractSizeDay.objects.create(symbol="SPX", date=SESSION, trades=1, contracts=999)
    tells(rest_trade(AT), quotes=(past_quote(AT - 20), past_quote(AT, ask_price=9.0)))
    assert str(backfill()) == "SPX 2026-11-17: 1 trades of 1 contracts, 1 new, 0 too small"
    (row,) = rows()
    assert (row.source, row.side, row.sentiment, row.quote_age_ms) == ("backfill", "buy", "BULLISH", 20)
    assert (float(row.underlying_price), row.underlying_age_ms) == (6400, 30_000)
    assert row.average_size == 3.0


def test_an_answered_contract_is_never_asked_for_again(backfill, tells, provider):
    tells(rest_trade(AT))
    tells(rest_trade(AT), ticker=PUT)
    assert backfill().contracts == 1
    asked = len(provider.requests)
    again = backfill(CALL, PUT)
    assert (again.finished_before, again.contracts, again.stored) == (1, 1, 1)
    assert len(provider.requests) == asked + 2
    done = IngestionRun.objects.filter(task=RunTask.BACKFILL_FLOW, slot=CLOSE_MS, status="DONE")
    assert sorted(done.values_list("symbol", "result")) == [(CALL, {"trades": 1}), (PUT, {"trades": 1})]


@pytest.mark.parametrize("number", [100, None])
def test_a_trade_that_the_stream_brought_is_not_doubled(backfill, tells, number):
    live = {"sequence_number": 100, "timestamp_ms": AT, "size": 25, "price": 1.10}
    process(make_batch(live))
    tells(rest_trade(AT, sequence_number=number), rest_trade(AT + 5, sequence_number=number and 101))
    assert backfill().stored == 1
    assert [row.source for row in rows()] == ["live", "backfill"]


def test_what_was_not_stored_is_counted_by_its_reason(backfill, tells):
    tells(
        rest_trade(AT),
        rest_trade(AT + 5000, size=3, sequence_number=101),
        rest_trade(AT + 9000, price=-1, sequence_number=102),
        {"price": "much"},
    )
    done = backfill()
    assert (done.trades, done.stored, done.filtered) == (3, 1, 1)
    assert done.rejected == {"not a price": 1, UNREADABLE: 1}
    assert IngestionRun.objects.get(task=RunTask.BACKFILL_FLOW).rejected == {UNREADABLE: 1}


def test_a_contract_that_never_traded_is_done(backfill, provider):
    provider.tell(f"/v3/trades/{CALL}", refusal(404, {"status": "NOT_FOUND"}))
    assert (backfill().contracts, backfill().finished_before) == (1, 1)


def test_a_plan_without_trades_is_asked_once(backfill, provider):
    for ticker in (CALL, PUT):
        provider.tell(f"/v3/trades/{ticker}", refusal(403, {"status": "NOT_AUTHORIZED", "message": "no"}))
    assert backfill(CALL, PUT).rejected == {NOT_IN_PLAN: 2}
    assert len(provider.requests) == 1


def test_what_came_before_the_provider_failed_stays_and_the_rest_is_done_later(backfill, tells, provider):
    tells(rest_trade(AT))
    provider.tell(f"/v3/trades/{PUT}", refusal(503))
    with pytest.raises(Unavailable):
        backfill(CALL, PUT)
    assert [row.contract_ticker for row in rows()] == [CALL]
    assert IngestionRun.objects.get(symbol=PUT).status == "FAILED"
    tells(rest_trade(AT), ticker=PUT)
    again = backfill(CALL, PUT)
    assert (again.finished_before, again.stored) == (1, 1)


def test_a_sweep_of_one_contract_is_told_from_a_trade_of_another(backfill, tells):
    quote = past_quote(AT - 50)
    tells(
        rest_trade(AT, size=6, sequence_number=1),
        rest_trade(AT + 400, size=6, exchange=313, sequence_number=2),
        quotes=(quote,),
    )
    tells(rest_trade(AT + 100, size=20, sequence_number=3), ticker=PUT, quotes=(quote,))
    backfill(CALL, PUT)
    assert [(row.trade_type, row.sweep_id) for row in rows()] == [("SWEEP", 1)] * 2 + [("REGULAR", None)]


def test_unusual_volume_is_that_of_the_chain_before_each_trade(backfill, tells):
    """At 11:00 the day's volume was 50 of an open interest of 100, at 12:00 it was 150."""
    for slot, volume in ((AT - 3_600_000, 50), (AT, 150)):
        add_greeks(slot, CALL, volume=volume, open_interest=100)
    trades = [rest_trade(AT + at, size=400, sequence_number=n) for n, at in ((1, -1_800_000), (2, 1_800_000))]
    tells(*trades)
    backfill()
    assert [row.is_unusual_volume for row in rows()] == [False, True]


def test_a_session_outside_retention_is_not_asked_for(provider):
    done = backfill_flow("SPX", date(2026, 7, 1), [CALL, PUT], client_of(provider), clock.now_ms())
    assert done.rejected == {OUTSIDE_RETENTION: 2}
    assert provider.requests == []
