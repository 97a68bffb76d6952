"""Ingestion of one slot: rows, snapshot and DONE are stored together and once, also by concurrent workers."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from ingestion.chains import ingest
from ingestion.chains.ingest import MISSED, Outcome, ingest_chain
from quant.sessions import close_of
from tests.ingestion.market import (
    CALL,
    CALL_GAMMA,
    CHAIN_PATH,
    PUT,
    PUT_GAMMA,
    SLOT,
    SLOT_MS,
    page,
    row,
    two_contracts,
)
from tests.provider.server import ok
from tests.warehouse.rows import add_regime
from warehouse import clock, runs
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun, WatchlistEntry
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database
DEADLINE_MS = SLOT_MS + 15 * 60 * 1000


def test_a_slot_is_stored_with_its_greeks_its_gamma_and_its_run(spx, provider):
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    result = ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS)

    assert (result.outcome, result.contracts_processed, result.rows) == (Outcome.DONE, 2, 2)
    call = HistoricalGreeks.objects.get(contract_ticker=CALL)
    assert (call.symbol, call.timestamp, call.option_type) == ("SPX", SLOT_MS, "call")
    assert (call.strike, call.bid, call.ask, call.last) == (6500, 100, 101, Decimal("100.5"))
    assert (call.delta, call.gamma, call.implied_volatility) == (0.5, 0.002, 0.15)
    assert (call.greeks_source, call.iv_status, call.source, call.dte) == ("provider", "ok", "live", 30)
    assert (call.volume, call.open_interest, call.underlying_price) == (10, 1000, 6500)
    assert call.rho > 0

    gamma = GammaExposure.objects.get()
    assert float(gamma.call_gamma) == pytest.approx(CALL_GAMMA, rel=1e-12)
    assert float(gamma.put_gamma) == pytest.approx(PUT_GAMMA, rel=1e-12)
    assert float(gamma.total_gamma) == pytest.approx(CALL_GAMMA + PUT_GAMMA, rel=1e-12)
    assert gamma.dealer_positioning == "SHORT_GAMMA"

    run = IngestionRun.objects.get()
    assert (run.status, run.contracts, run.rows, run.rejected) == (RunStatus.DONE, 2, 2, {})
    assert (run.result["provider_greeks"], run.result["computed_greeks"], run.result["no_greeks"]) == (
        2,
        0,
        0,
    )
    assert set(run.stages) == {"fetch", "check", "compute", "gamma", "store"}


def test_the_expected_behavior_uses_the_newest_vix_known_at_the_slot(spx, provider):
    day = SLOT.date() - timedelta(days=1)
    add_regime(day, vix_level=30, known_at=clock.epoch_ms(close_of(day)) + 60_000)
    add_regime(SLOT.date(), vix_level=12, known_at=SLOT_MS + 1)
    provider.tell(CHAIN_PATH, ok(page(row(PUT))))
    ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS)
    gamma = GammaExposure.objects.get()
    assert (gamma.vix_level, gamma.dealer_positioning, gamma.expected_behavior) == (
        30,
        "SHORT_GAMMA",
        "VOLATILE",
    )


def test_a_second_run_of_a_slot_changes_nothing_and_fetches_nothing(spx, provider):
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS)
    before = [list(model.objects.values()) for model in (HistoricalGreeks, GammaExposure, IngestionRun)]
    assert ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS).outcome is Outcome.ALREADY_DONE
    assert [
        list(model.objects.values()) for model in (HistoricalGreeks, GammaExposure, IngestionRun)
    ] == before
    assert len(provider.requests) == 1


def test_ten_concurrent_runs_store_each_row_once(spx, provider):
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    outcomes = []

    def work():
        try:
            outcomes.append(ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS).outcome)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert outcomes.count(Outcome.DONE) == 1
    assert set(outcomes) <= {Outcome.DONE, Outcome.ALREADY_DONE, Outcome.BUSY}
    assert sorted(HistoricalGreeks.objects.values_list("contract_ticker", flat=True)) == [CALL, PUT]
    assert GammaExposure.objects.count() == 1


def test_a_crashed_run_is_repeated_exactly_once(spx, provider):
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    with pytest.raises(KeyboardInterrupt), runs.claim("ingest_chain", spx, SLOT_MS):
        raise KeyboardInterrupt  # as a kill in the middle: STARTED stays, the lock is gone
    assert IngestionRun.objects.get().status == RunStatus.STARTED
    assert ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS).outcome is Outcome.DONE
    run = IngestionRun.objects.get()
    assert (run.status, run.attempts) == (RunStatus.DONE, 2)
    assert HistoricalGreeks.objects.count() == 2


def test_a_slot_past_its_deadline_is_missed_without_a_request(spx, provider, at_market_time):
    at_market_time(SLOT + timedelta(minutes=15))
    result = ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS)
    assert (result.outcome, result.detail) == (Outcome.FAILED, MISSED)
    assert IngestionRun.objects.get().error == MISSED
    assert provider.requests == []
    assert HistoricalGreeks.objects.count() == 0


def test_pages_fetched_after_the_deadline_are_discarded(spx, provider, at_market_time, monkeypatch):
    provider.tell(CHAIN_PATH, ok(two_contracts()))

    def fetch_slowly(entry):
        at_market_time(SLOT + timedelta(minutes=15))
        return fetch(entry)

    fetch = ingest._fetch
    monkeypatch.setattr(ingest, "_fetch", fetch_slowly)
    result = ingest_chain(spx, SLOT_MS, clock.now_ms(), DEADLINE_MS)
    assert (result.outcome, result.detail) == (Outcome.FAILED, MISSED)
    assert HistoricalGreeks.objects.count() == 0


def test_contracts_settled_by_the_slot_are_counted_and_removed(spx, provider, at_market_time):
    at_the_close = clock.epoch_ms(SLOT + timedelta(minutes=75))  # 16:00 New York
    at_market_time(SLOT + timedelta(minutes=75))
    settled_now, settled_this_morning = "O:SPXW261118C06500000", "O:SPX261118C06500000"
    provider.tell(CHAIN_PATH, ok(page(row(CALL), row(settled_now), row(settled_this_morning))))
    ingest_chain(spx, at_the_close, clock.now_ms())
    assert list(HistoricalGreeks.objects.values_list("contract_ticker", flat=True)) == [CALL]
    assert IngestionRun.objects.get().rejected == {"expired": 2}


def test_a_strike_band_limits_the_stored_rows_but_not_gamma(spx, provider):
    far = "O:SPXW261218C08000000"
    WatchlistEntry.objects.update(strike_band_pct=10)
    provider.tell(CHAIN_PATH, ok(page(row(CALL), row(far))))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    assert list(HistoricalGreeks.objects.values_list("contract_ticker", flat=True)) == [CALL]
    assert set(GammaExposure.objects.get().gamma_by_strike) == {"6500", "8000"}


def test_greeks_of_delayed_data_use_the_time_of_the_data(spx, provider):
    delayed = {"bid": 100.0, "ask": 101.0, "timeframe": "DELAYED"}
    stamp_ns = (SLOT_MS - 15 * 60 * 1000) * 10**6
    asset = {"ticker": "I:SPX", "value": 6500.0, "last_updated": stamp_ns, "timeframe": "DELAYED"}
    provider.tell(CHAIN_PATH, ok(page(row(CALL, last_quote=delayed, underlying_asset=asset))))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    delay = IngestionRun.objects.get().data_delay_ms
    assert 15 * 60 * 1000 <= delay < 16 * 60 * 1000
    assert HistoricalGreeks.objects.get().timestamp == SLOT_MS
