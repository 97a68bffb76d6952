"""Backfilled trades are stored like those of the stream, each once, and each contract is fetched once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from flow import tasks
from flow.history.backfill import NOT_IN_PLAN, OUTSIDE_RETENTION, UNREADABLE, backfill_flow
from provider.errors import Unavailable
from tests.flow.history.test_repair import page, past_quote, rest_trade
from tests.flow.trades import CALL, NOON_MS, PUT, make_batch, process
from tests.ingestion.fixtures import client_of
from tests.provider.server import refusal
from tests.warehouse.rows import add_greeks
from warehouse import clock, partitions, runs
from warehouse.models import ContractSizeDay, HistoricalBar, IngestionRun, OptionsFlow
from warehouse.task_names import RunTask

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

SESSION = date(2026, 11, 17)
AT = NOON_MS - 24 * 3_600_000  # noon of the session
CLOSE_MS = clock.epoch_ms(datetime(2026, 11, 17, 21, 0, tzinfo=UTC))


@pytest.fixture
def backfill(provider):
    return lambda *contracts: backfill_flow(
        "SPX", SESSION, contracts or (CALL,), client_of(provider), clock.now_ms()
    )


@pytest.fixture
def set_trades(provider):
    def tell(*trades: dict[str, Any], quotes: tuple[dict[str, Any], ...] = (), ticker: str = CALL) -> None:
        provider.tell(f"/v3/trades/{ticker}", page(*trades))
        provider.tell(f"/v3/quotes/{ticker}", page(*quotes))

    return tell


def rows() -> list[OptionsFlow]:
    return list(OptionsFlow.objects.order_by("contract_ticker", "timestamp", "sequence_number"))


def test_trade_is_classified_by_what_was_known_at_its_time(backfill, set_trades):
    partitions.ensure("historical_bars", AT, AT)
    for start, close in ((AT - 90_000, 6400), (AT - 30_000, 9999)):  # the second bar ends after the trade
        HistoricalBar.objects.create(
            symbol="SPX", timeframe="1m", timestamp=start, open=1, high=1, low=1, close=close
        )
    ContractSizeDay.objects.create(symbol="SPX", date=date(2026, 11, 16), trades=400, contracts=1200)
    ContractSizeDay.objects.create(symbol="SPX", date=SESSION, trades=1, contracts=999)
    set_trades(rest_trade(AT), quotes=(past_quote(AT - 20), past_quote(AT, ask_price=9.0)))
    assert str(backfill()) == "SPX 2026-11-17: 1 trades of 1 contracts, 1 new, 0 too small"
    (row,) = rows()
    assert (row.source, row.side, row.sentiment, row.quote_age_ms) == ("backfill", "buy", "BULLISH", 20)
    assert (float(row.underlying_price), row.underlying_age_ms) == (6400, 30_000)
    assert row.average_size == 3.0


def test_fetched_contract_is_never_fetched_again(backfill, set_trades, provider):
    set_trades(rest_trade(AT))
    set_trades(rest_trade(AT), ticker=PUT)
    assert backfill().contracts == 1
    requests_before = len(provider.requests)
    again = backfill(CALL, PUT)
    assert (again.finished_before, again.contracts, again.stored) == (1, 1, 1)
    assert len(provider.requests) == requests_before + 2
    done = IngestionRun.objects.filter(task=RunTask.BACKFILL_FLOW, slot=CLOSE_MS, status="DONE")
    assert sorted(done.values_list("symbol", "result")) == [(CALL, {"trades": 1}), (PUT, {"trades": 1})]


@pytest.mark.parametrize("number", [100, None])
def test_trade_of_the_stream_is_not_stored_twice(backfill, set_trades, number):
    live = {"sequence_number": 100, "timestamp_ms": AT, "size": 25, "price": 1.10}
    process(make_batch(live))
    set_trades(rest_trade(AT, sequence_number=number), rest_trade(AT + 5, sequence_number=number and 101))
    assert backfill().stored == 1
    assert [row.source for row in rows()] == ["live", "backfill"]


def test_trades_not_stored_are_counted_by_reason(backfill, set_trades):
    set_trades(
        rest_trade(AT),
        rest_trade(AT + 5000, size=3, sequence_number=101),
        rest_trade(AT + 9000, price=-1, sequence_number=102),
        {"price": "much"},
    )
    done = backfill()
    assert (done.trades, done.stored, done.filtered) == (3, 1, 1)
    assert done.rejected == {"not a price": 1, UNREADABLE: 1}
    assert IngestionRun.objects.get(task=RunTask.BACKFILL_FLOW).rejected == {UNREADABLE: 1}


def test_contract_that_never_traded_is_done(backfill, provider):
    provider.tell(f"/v3/trades/{CALL}", refusal(404, {"status": "NOT_FOUND"}))
    assert (backfill().contracts, backfill().finished_before) == (1, 1)


def test_plan_without_trades_is_requested_once(backfill, provider):
    for ticker in (CALL, PUT):
        provider.tell(f"/v3/trades/{ticker}", refusal(403, {"status": "NOT_AUTHORIZED", "message": "no"}))
    assert backfill(CALL, PUT).rejected == {NOT_IN_PLAN: 2}
    assert len(provider.requests) == 1


def test_a_job_of_a_worker_without_trades_in_the_plan_ends_in_the_ledger(provider, monkeypatch):
    monkeypatch.setattr(tasks, "_connect", lambda: client_of(provider))
    for ticker in (CALL, PUT):
        provider.tell(f"/v3/trades/{ticker}", refusal(403, {"status": "NOT_AUTHORIZED", "message": "no"}))
    tasks.backfill_trades("FLOW", RunTask.BACKFILL_FLOW, PUT, CLOSE_MS, "SPX", SESSION.isoformat(), CALL, PUT)
    run = IngestionRun.objects.get(symbol=PUT, slot=CLOSE_MS)
    assert (run.status, run.rejected) == ("FAILED", {runs.NOT_IN_PLAN: 1})


def test_trades_before_a_provider_error_stay_and_the_rest_follows(backfill, set_trades, provider):
    set_trades(rest_trade(AT))
    provider.tell(f"/v3/trades/{PUT}", refusal(503))
    with pytest.raises(Unavailable):
        backfill(CALL, PUT)
    assert [row.contract_ticker for row in rows()] == [CALL]
    assert IngestionRun.objects.get(symbol=PUT).status == "FAILED"
    set_trades(rest_trade(AT), ticker=PUT)
    again = backfill(CALL, PUT)
    assert (again.finished_before, again.stored) == (1, 1)


def test_sweep_contains_trades_of_one_contract_only(backfill, set_trades):
    quote = past_quote(AT - 50)
    set_trades(
        rest_trade(AT, size=6, sequence_number=1),
        rest_trade(AT + 200, size=6, exchange=313, sequence_number=2),
        quotes=(quote,),
    )
    set_trades(rest_trade(AT + 100, size=20, sequence_number=3), ticker=PUT, quotes=(quote,))
    backfill(CALL, PUT)
    assert [(row.trade_type, row.sweep_id) for row in rows()] == [("SWEEP", 1)] * 2 + [("REGULAR", None)]


def test_unusual_volume_uses_the_chain_before_each_trade(backfill, set_trades):
    """Volume of the day is 50 at 11:00 and 150 at 12:00, open interest is 100."""
    for slot, volume in ((AT - 3_600_000, 50), (AT, 150)):
        add_greeks(slot, CALL, volume=volume, open_interest=100)
    trades = [rest_trade(AT + at, size=400, sequence_number=n) for n, at in ((1, -1_800_000), (2, 1_800_000))]
    set_trades(*trades)
    backfill()
    assert [row.is_unusual_volume for row in rows()] == [False, True]


def test_session_outside_retention_is_not_fetched(provider):
    done = backfill_flow("SPX", date(2026, 7, 1), [CALL, PUT], client_of(provider), clock.now_ms())
    assert done.rejected == {OUTSIDE_RETENTION: 2}
    assert provider.requests == []
