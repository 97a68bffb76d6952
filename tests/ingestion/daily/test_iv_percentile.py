"""A session's volatility is ranked among earlier sessions in the cache; the result never changes later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.daily.iv_percentile import calculate_iv_percentile
from quant import sessions
from tests.ingestion.stored import store_contract, store_pair
from warehouse import clock
from warehouse.models import IngestionRun, IvPercentile
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
CLOSE_MS = clock.epoch_ms(CLOSE)
IN_30_DAYS, IN_60_DAYS = date(2026, 12, 18), date(2027, 1, 15)


@pytest.fixture
def evening(spx, at_market_time) -> str:
    at_market_time(CLOSE + timedelta(minutes=5))
    return spx


def earlier(count: int, before: date = SESSION) -> list[date]:
    """Return the `count` sessions before a date, oldest first."""
    return sessions.sessions(before - timedelta(days=2 * count + 10), before - timedelta(days=1))[-count:]


def store_volatilities(days: list[date], volatilities: list[float]) -> None:
    IvPercentile.objects.bulk_create(
        IvPercentile(symbol="SPX", date=day, current_iv=iv, data_points=0, method_version="test")
        for day, iv in zip(days, volatilities, strict=True)
    )


def row(day: date = SESSION) -> dict:
    return IvPercentile.objects.filter(symbol="SPX", date=day).values().get()


def test_last_snapshot_is_ranked_among_the_sessions_before(evening):
    # 24 sessions below 0.18, 16 above it; low 0.11, high 0.50
    store_volatilities(earlier(40), [0.11] + [0.15] * 23 + [0.25] * 15 + [0.50])
    store_pair(CLOSE_MS - 15 * 60_000, IN_30_DAYS, 0.40)
    store_pair(CLOSE_MS, IN_30_DAYS, 0.18)
    result = calculate_iv_percentile(evening, SESSION)
    stored = row()
    assert (result.stored, result.iv_percentile, result.data_points) == (True, 0.6, 40)
    assert stored["current_iv"] == pytest.approx(0.18, rel=1e-12)
    assert stored["iv_rank"] == pytest.approx((0.18 - 0.11) / (0.50 - 0.11), rel=1e-12)
    assert (stored["iv_percentile"], stored["iv_regime"]) == (0.6, "HIGH")
    assert (stored["iv_52w_low"], stored["iv_52w_high"]) == (0.11, 0.50)
    assert (stored["data_points"], stored["is_provisional"]) == (40, True)
    # means of the last 5 and 20, today included: 1.43 / 5 = 0.286 against 4.88 / 20 = 0.244
    assert stored["iv_trend"] == "EXPANDING"
    assert stored["recommendation"] == "SELL_PREMIUM"
    # 6500 x 0.18 x sqrt(30 / 365)
    assert float(stored["expected_move"]) == pytest.approx(335.43, abs=0.01)
    assert stored["method_version"] == "iv-2"
    run = IngestionRun.objects.get()
    assert (run.task, run.symbol, run.slot, run.status) == (
        "calculate_iv_percentile",
        "SPX",
        CLOSE_MS,
        RunStatus.DONE,
    )
    assert (run.result["slot"], run.result["documented_iv"]) == (CLOSE_MS, pytest.approx(0.18, rel=1e-12))


def test_term_structure_gives_the_term_slope(evening):
    for days, volatility in ((30, 0.20), (60, 0.23)):
        store_pair(CLOSE_MS, SESSION + timedelta(days=days), volatility)
    calculate_iv_percentile(evening, SESSION)
    assert row()["current_iv"] == pytest.approx(0.20, rel=1e-12)
    assert row()["term_slope"] == pytest.approx(0.03, rel=1e-9)


def test_wings_give_the_risk_reversal(evening):
    for is_call, strike, delta, volatility in ((False, 6200, -0.25, 0.24), (True, 6800, 0.25, 0.19)):
        store_contract(CLOSE_MS, IN_30_DAYS, volatility, is_call=is_call, strike=strike, delta=delta)
    calculate_iv_percentile(evening, SESSION)
    assert row()["risk_reversal_25d"] == pytest.approx(0.05, rel=1e-9)


def test_short_history_has_a_level_and_no_rank(evening):
    store_volatilities(earlier(19), [0.15] * 19)
    store_pair(CLOSE_MS, IN_30_DAYS, 0.18)
    calculate_iv_percentile(evening, SESSION)
    stored = row()
    assert stored["current_iv"] == pytest.approx(0.18, rel=1e-12)
    assert [
        stored[name] for name in ("iv_rank", "iv_percentile", "iv_regime", "recommendation", "iv_trend")
    ] == [None] * 5


def test_only_the_252_sessions_before_count(evening):
    store_volatilities(earlier(253), [0.01] + [0.15] * 252)
    store_pair(CLOSE_MS, IN_30_DAYS, 0.18)
    calculate_iv_percentile(evening, SESSION)
    assert (row()["data_points"], row()["iv_52w_low"], row()["is_provisional"]) == (252, 0.15, False)


def test_rise_of_more_than_30_percent_recommends_waiting(evening):
    store_volatilities(earlier(40), [0.15] * 40)
    store_pair(CLOSE_MS, IN_30_DAYS, 0.20)
    calculate_iv_percentile(evening, SESSION)
    assert row()["recommendation"] == "WAIT_FOR_IV_DROP"


def test_second_run_changes_nothing_and_again_updates(evening):
    store_pair(CLOSE_MS, IN_30_DAYS, 0.18)
    calculate_iv_percentile(evening, SESSION)
    store_volatilities(earlier(40), [0.15] * 40)
    before = row()
    assert calculate_iv_percentile(evening, SESSION).detail == "already done"
    assert row() == before
    assert calculate_iv_percentile(evening, SESSION, again=True).stored
    assert (row()["id"], row()["iv_percentile"]) == (before["id"], 1.0)


def test_computing_a_past_session_again_gives_the_same_row(evening, at_market_time):
    store_volatilities(earlier(40), [0.15 + 0.001 * n for n in range(40)])
    store_pair(CLOSE_MS, IN_30_DAYS, 0.17)
    calculate_iv_percentile(evening, SESSION)
    before = row()
    later = CLOSE + timedelta(days=1)
    at_market_time(later + timedelta(minutes=5))
    store_pair(clock.epoch_ms(later), IN_30_DAYS, 0.90)
    calculate_iv_percentile(evening, SESSION + timedelta(days=1))
    with_future = calculate_iv_percentile(evening, SESSION, again=True)
    assert row() == before
    assert row(SESSION + timedelta(days=1))["data_points"] == 41
    assert with_future.stored


def test_snapshot_outside_the_session_is_not_used(evening):
    store_pair(CLOSE_MS + 60_000, IN_30_DAYS, 0.9)
    store_pair(CLOSE_MS - 24 * 3600_000, IN_30_DAYS, 0.9)
    result = calculate_iv_percentile(evening, SESSION)
    assert (result.stored, result.detail) == (
        False,
        "no chain of SPX is stored for the session of 2026-11-18",
    )
    assert not IvPercentile.objects.exists()
    assert IngestionRun.objects.get().status == RunStatus.FAILED
    store_pair(CLOSE_MS, IN_30_DAYS, 0.18)
    assert calculate_iv_percentile(evening, SESSION).stored


def test_chain_without_volatility_stores_a_row_without_level(evening):
    store_pair(CLOSE_MS, IN_30_DAYS, None, iv_status="no_quote")
    assert calculate_iv_percentile(evening, SESSION).stored
    assert (row()["current_iv"], row()["expected_move"], row()["data_points"]) == (None, None, 0)


def test_early_close_uses_the_snapshot_at_one(evening, at_market_time):
    friday = date(2026, 11, 27)
    at_market_time(datetime(2026, 11, 27, 18, 5, tzinfo=UTC))
    close_ms = clock.epoch_ms(datetime(2026, 11, 27, 18, 0, tzinfo=UTC))
    store_pair(close_ms, date(2026, 12, 27), 0.18)
    calculate_iv_percentile(evening, friday)
    assert row(friday)["current_iv"] == pytest.approx(0.18, rel=1e-12)
    assert IngestionRun.objects.get().slot == close_ms


def test_day_without_a_session_is_rejected(evening):
    with pytest.raises(ValueError, match="2026-11-26 is no session"):
        calculate_iv_percentile(evening, date(2026, 11, 26))


def test_chains_of_other_days_are_not_read(evening):
    store_volatilities(earlier(252), [0.15] * 252)
    store_pair(CLOSE_MS, IN_30_DAYS, 0.18)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        calculate_iv_percentile(evening, SESSION)
    of_chains = [q["sql"] for q in queries if "historical_greeks" in q["sql"]]
    assert len(of_chains) == 3
    assert all("'SPX'" in sql and str(CLOSE_MS) in sql for sql in of_chains)
