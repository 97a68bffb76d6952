"""Rebuilt chains match the simulated market within its bid-ask spread and use no later data."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.db.models import Model

from ingestion.audit import audit, audit_slot
from ingestion.backfill.contracts.fetch import listed_contracts
from ingestion.backfill.rebuild.option_bars import FRAME
from ingestion.backfill.rebuild.sessions import rebuild_session
from ingestion.backfill.selection import Depth
from ingestion.bars.historical_bars import ensure_bars
from ingestion.daily.iv_percentile import calculate_iv_percentile
from quant.sessions import close_of, slots
from tests.ingestion.backfill.past import FRIDAY
from tests.ingestion.backfill.rebuilding import NEAR, fetch, rebuild
from tests.ingestion.stored import store_contract
from warehouse import clock
from warehouse.models import GammaExposure, HistoricalBar, HistoricalGreeks, IngestionRun
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

THURSDAY = date(2026, 11, 19)
FEW = Depth(contracts=12, max_dte=38)
CLOSE_MS = clock.epoch_ms(close_of(FRIDAY))


def rows_at(slot_ms: int = CLOSE_MS) -> dict[str, dict]:
    return {
        row.pop("contract_ticker"): row for row in HistoricalGreeks.objects.filter(timestamp=slot_ms).values()
    }


def comparable_rows(model: type[Model]) -> list[dict[str, Any]]:
    """Return all rows of a table without the columns that differ between runs."""
    rows = model._default_manager.order_by("symbol", "id").values()
    return [{name: v for name, v in row.items() if name not in ("id", "fetched_at")} for row in rows]


def numbers(slot_ms: int = CLOSE_MS) -> dict[str, tuple]:
    return {
        ticker: (row["implied_volatility"], row["delta"], row["last"], row["volume"], row["underlying_price"])
        for ticker, row in rows_at(slot_ms).items()
    }


def test_a_rebuilt_chain_matches_the_market_within_its_bid_ask_spread(evening, market):
    fetch(evening, market, [FRIDAY])
    result = rebuild(evening, FRIDAY, NEAR)
    rows, truth = rows_at(), market.volatility(evening, close_of(FRIDAY))
    assert (result.stored, result.is_complete, result.slots, result.rows) == (True, True, 1, len(rows))
    assert len(rows) + result.rejected.total() == 30
    assert len(rows) >= 24
    error = np.array([row["implied_volatility"] - truth[ticker] for ticker, row in rows.items()])
    # Half a spread at the money is 0.2 points of volatility, and several trades of each strike are combined.
    assert np.median(np.abs(error)) < 0.0025
    assert np.abs(error).max() < 0.01
    row = rows[next(ticker for ticker in rows if "C" in ticker[6:])]
    assert (row["source"], row["greeks_source"], row["iv_status"]) == ("backfill", "computed", "ok")
    assert (row["bid"], row["ask"], row["open_interest"], row["method_version"]) == (
        None,
        None,
        None,
        "backfill-3",
    )
    assert float(row["underlying_price"]) == pytest.approx(
        market.truth.spot(evening, close_of(FRIDAY)), rel=1e-3
    )


def test_gamma_is_weighted_by_volume_and_marked_as_such(evening, market):
    fetch(evening, market, [FRIDAY])
    rebuild(evening, FRIDAY, NEAR)
    snapshot, rows = GammaExposure.objects.get(), rows_at().values()
    assert (snapshot.oi_source, snapshot.put_call_oi_ratio, snapshot.oi_by_strike) == (
        "volume_proxy",
        None,
        {},
    )
    spot = float(snapshot.underlying_price)
    calls = sum(r["gamma"] * r["volume"] for r in rows if r["option_type"] == "call") * 100 * spot**2 * 0.01
    assert float(snapshot.call_gamma) == pytest.approx(calls, rel=1e-9)
    inputs = (snapshot.measured_contracts, snapshot.spot_source, snapshot.data_delay_ms)
    assert inputs == (len(rows), "bars", 0)
    assert str(next(audit_slot(evening, CLOSE_MS))) == "gamma of 2026-11-20 16:00: equal"


def test_every_value_of_a_rebuilt_session_equals_its_recomputation(evening, market):
    fetch(evening, market, [FRIDAY])
    rebuild(evening, FRIDAY, NEAR)
    calculate_iv_percentile(evening, FRIDAY)
    assert {str(found).rpartition(": ")[2] for found in audit(evening, FRIDAY)} == {"equal"}
    assert len(list(audit(evening, FRIDAY))) == 3
    HistoricalGreeks.objects.filter(timestamp=CLOSE_MS).order_by("id").last().delete()
    assert "as within a band of strikes" in next(audit_slot(evening, CLOSE_MS)).impossible


def test_gamma_is_weighted_by_open_interest_recorded_that_session(evening, market):
    fetch(evening, market, [FRIDAY])
    earlier = clock.epoch_ms(slots(FRIDAY)[-3])
    store_contract(earlier, date(2026, 12, 18), 0.15, strike=6500.0, open_interest=1234, symbol=evening)
    ticker = HistoricalBar.objects.filter(symbol__startswith="O:").values_list("symbol", flat=True).first()
    HistoricalGreeks.objects.filter(timestamp=earlier).update(contract_ticker=ticker)
    rebuild(evening, FRIDAY, NEAR)
    snapshot = GammaExposure.objects.get()
    assert snapshot.oi_source == "provider"
    assert sum(side["call"] + side["put"] for side in snapshot.oi_by_strike.values()) == 1234
    assert rows_at()[ticker]["open_interest"] == 1234
    assert str(next(audit_slot(evening, CLOSE_MS))) == "gamma of 2026-11-20 16:00: equal"


def test_a_slot_recorded_live_is_not_changed(evening, market):
    fetch(evening, market, [FRIDAY])
    store_contract(CLOSE_MS, date(2026, 12, 18), 0.15, symbol=evening)
    result = rebuild(evening, FRIDAY, NEAR)
    assert (result.stored, result.detail) == (False, "the slot has live or imported rows")
    assert result.is_complete
    done = IngestionRun.objects.get(task__startswith="backfill_chain")
    assert (done.status, done.slot, done.rows) == ("DONE", CLOSE_MS, 0)
    assert [row["source"] for row in rows_at().values()] == ["live"]
    assert not GammaExposure.objects.exists()


def test_a_second_run_changes_nothing_and_the_larger_depth_stays(evening, market):
    fetch(evening, market, [FRIDAY])
    assert rebuild(evening, FRIDAY, FEW).stored
    shallow = len(rows_at())
    assert rebuild(evening, FRIDAY, NEAR).rows > shallow
    stored = numbers()
    again = rebuild(evening, FRIDAY, NEAR)
    assert (again.stored, again.is_complete, again.detail) == (False, True, "already done")
    IngestionRun.objects.filter(task__startswith="backfill_chain").delete()
    rebuild(evening, FRIDAY, FEW)
    assert numbers() == stored
    assert GammaExposure.objects.count() == 1


def test_symbols_rebuilt_together_have_the_same_rows_as_alone(evening, market):
    add_default_symbols(["AAPL", "SPY"])
    for symbol in ("AAPL", evening):
        fetch(symbol, market, [FRIDAY], FEW)
    alone = [rebuild(symbol, FRIDAY, FEW) for symbol in ("AAPL", evening)]
    rows, gamma = comparable_rows(HistoricalGreeks), comparable_rows(GammaExposure)
    for model in (HistoricalGreeks, GammaExposure):
        model.objects.all().delete()
    IngestionRun.objects.filter(task__startswith="backfill_chain").delete()
    results = rebuild_session(["AAPL", "SPY", evening], FRIDAY, FEW, clock.now_ms())
    assert [results[0], results[2]] == alone
    assert (results[1].stored, results[1].is_complete, results[1].slots) == (False, False, 0)
    assert "has not been fetched" in results[1].detail
    assert (comparable_rows(HistoricalGreeks), comparable_rows(GammaExposure)) == (rows, gamma)
    done = IngestionRun.objects.filter(task__startswith="backfill_chain").order_by("symbol")
    assert list(done.values_list("symbol", "rows")) == [(one.symbol, one.rows) for one in alone]


def test_a_slot_does_not_depend_on_later_bars_of_its_session(evening, market):
    fetch(evening, market, [FRIDAY], FEW, "15m")
    result = rebuild(evening, FRIDAY, FEW, "15m")
    noon = clock.epoch_ms(slots(FRIDAY)[10])
    known = numbers(noon)
    assert result.slots == 26  # all but the open, at which nothing has traded
    assert len(known) >= 6
    for model in (HistoricalGreeks, GammaExposure):
        model.objects.all().delete()
    IngestionRun.objects.filter(task__startswith="backfill_chain").delete()
    HistoricalBar.objects.filter(timestamp__gte=noon).delete()
    rebuild(evening, FRIDAY, FEW, "15m")
    assert numbers(noon) == known


def test_a_session_does_not_depend_on_later_sessions(evening, market):
    fetch(evening, market, [THURSDAY])
    rebuild(evening, THURSDAY, NEAR)
    slot_ms = clock.epoch_ms(close_of(THURSDAY))
    alone = numbers(slot_ms)
    HistoricalGreeks.objects.all().delete()
    GammaExposure.objects.all().delete()
    IngestionRun.objects.filter(task__startswith="backfill_chain").delete()
    fetch(evening, market, [THURSDAY, FRIDAY])
    rebuild(evening, THURSDAY, NEAR)
    assert numbers(slot_ms) == alone


def test_a_half_day_is_rebuilt_at_its_own_close(evening, market, at_market_time):
    half_day = date(2026, 11, 27)
    at_market_time(close_of(half_day) + timedelta(hours=1))
    fetch(evening, market, [half_day], FEW)
    rebuild(evening, half_day, FEW)
    (slot_ms,) = HistoricalGreeks.objects.values_list("timestamp", flat=True).distinct()
    assert clock.instant(slot_ms) == close_of(half_day)
    assert clock.instant(slot_ms).hour == 18  # 13:00 New York


def test_missing_data_is_named_and_leaves_no_run(evening, market, at_market_time):
    def detail() -> str:
        return rebuild(evening, FRIDAY, NEAR).detail

    assert "has not been fetched" in detail()
    listed = listed_contracts(evening, FRIDAY, FRIDAY, NEAR.max_dte, clock.now_ms(), market.connect).table
    assert detail() == "the underlying has no bar that ends at the slot"
    ensure_bars("I:SPX", FRAME, FRIDAY, FRIDAY, clock.now_ms(), market.connect)
    assert detail() == "the bars of 30 of 30 contracts have not been fetched"
    assert len(listed) > 30
    at_market_time(close_of(FRIDAY) + timedelta(minutes=14))
    assert detail() == "the session is not over"
    assert not IngestionRun.objects.filter(task__startswith="backfill_chain").exists()
