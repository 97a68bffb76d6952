"""Surface and term structure of a session: rows of its last chain, events, and chains without quotes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ingestion.bars.bar_times import close_ms
from ingestion.daily.volatility_surface import store_surface
from quant import sessions
from tests.ingestion.smile_chain import SPOT, STRIKES, store_chain
from tests.ingestion.stored import store_pair
from tests.warehouse.rows import add_event
from warehouse import clock
from warehouse.asof import iv
from warehouse.models import IngestionRun, SurfacePoint, TermDay
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
CLOSE_MS = clock.epoch_ms(CLOSE)
EXPIRATIONS = (date(2026, 11, 25), date(2026, 12, 18), date(2027, 1, 15), date(2027, 3, 19))


@pytest.fixture
def evening(spx, at_market_time) -> str:
    at_market_time(CLOSE + timedelta(minutes=5))
    return spx


LEVELS = dict(zip(EXPIRATIONS, (0.14, 0.15, 0.16, 0.17), strict=True))


def test_the_surface_of_the_last_chain_is_stored(evening):
    store_chain(dict.fromkeys(EXPIRATIONS, 0.30), CLOSE_MS - 15 * 60_000)
    store_chain(LEVELS, CLOSE_MS)
    result = store_surface(evening, SESSION)
    points = {(row.tenor_days, row.delta): row for row in SurfacePoint.objects.all()}
    assert len(points) == 35
    assert (result.stored, result.points) == (True, 25)
    assert points[30, "50"].iv == pytest.approx(0.15, abs=1e-3)
    assert float(points[30, "50"].strike) == pytest.approx(SPOT, rel=0.002)
    assert points[30, "25P"].iv > points[30, "50"].iv > points[30, "25C"].iv
    assert points[30, "50"].n_quotes > 20
    assert {(row.iv, row.reason) for (days, _), row in points.items() if days > 150} == {
        (None, "after_last_expiration")
    }
    run = IngestionRun.objects.get()
    assert (run.task, run.slot, run.status) == ("store_surface", CLOSE_MS, RunStatus.DONE)
    assert (run.contracts, run.result) == (8 * len(STRIKES), {"slot": CLOSE_MS, "smiles": {"ok": 4}})


def test_the_term_structure_of_the_last_chain_is_stored(evening):
    store_chain(LEVELS, CLOSE_MS)
    store_surface(evening, SESSION)
    row = TermDay.objects.get()
    assert row.tenor_days == [7, 14, 30, 60, 91, 182, 365]
    assert row.at_the_money[0] == pytest.approx(0.14, abs=1e-4)
    assert row.at_the_money[2] == pytest.approx(0.15, abs=1e-4)
    assert row.at_the_money[5:] == [None, None]
    assert row.reason == [""] * 5 + ["after_last_expiration"] * 2
    assert row.ex_event == row.at_the_money
    assert row.event_reason == "no_event"
    assert 0.0 < row.skew_25d_put_minus_call < 0.05
    assert row.slope == pytest.approx(row.at_the_money[3] - row.at_the_money[2])
    assert 100 < row.skew_index < 200
    assert (row.settlements, row.refused) == (4, 0)


def test_known_events_are_taken_out_of_the_later_tenors(evening):
    years = {day: float(sessions.years_to_expiry(["SPXW"], [day], CLOSE)[0]) for day in EXPIRATIONS}
    store_chain({day: float(np.sqrt(0.15**2 + 0.02**2 / time)) for day, time in years.items()}, CLOSE_MS)
    add_event(SESSION + timedelta(days=2), known_at=CLOSE_MS - 1)
    add_event(SESSION + timedelta(days=2), symbol="*", kind="FOMC", known_at=CLOSE_MS + 1)
    store_surface(evening, SESSION)
    row = TermDay.objects.get()
    assert row.implied_move == pytest.approx(0.02, rel=0.01)
    assert row.base_volatility == pytest.approx(0.15, rel=0.01)
    np.testing.assert_allclose(row.ex_event[:5], 0.15, rtol=0.01)
    assert row.event_reason is None


def test_a_chain_without_quotes_has_rows_with_reasons(evening):
    for day in EXPIRATIONS:
        store_pair(CLOSE_MS, day, 0.15, bid=None, ask=None)
    store_surface(evening, SESSION)
    assert set(SurfacePoint.objects.values_list("iv", "reason")) == {(None, "no_smile")}
    row = TermDay.objects.get()
    assert (row.settlements, row.refused, row.skew_index) == (0, 0, None)


def test_volatilities_rebuilt_from_trades_count_as_quotes(evening):
    store_chain(LEVELS, CLOSE_MS, is_quoted=False)
    assert store_surface(evening, SESSION).points == 25
    row = TermDay.objects.get()
    assert row.at_the_money[2] == pytest.approx(0.15, abs=2e-4)
    assert (row.settlements, row.refused, row.skew_index) == (4, 0, None)


def test_a_session_without_a_chain_is_failed(evening):
    assert not store_surface(evening, SESSION).stored
    assert IngestionRun.objects.get().status == RunStatus.FAILED
    assert not SurfacePoint.objects.exists()


def test_a_session_is_stored_once_and_again_on_request(evening):
    store_chain(LEVELS, CLOSE_MS)
    assert store_surface(evening, SESSION).stored
    assert store_surface(evening, SESSION).detail == "already done"
    known = TermDay.objects.get().known_at
    assert store_surface(evening, SESSION, again=True).stored
    assert TermDay.objects.get().known_at == known
    assert SurfacePoint.objects.count() == 35


def test_rows_of_history_are_known_from_when_live_ones_are(evening):
    store_chain(LEVELS, CLOSE_MS)
    store_surface(evening, SESSION, is_history=True)
    assert TermDay.objects.get().known_at == CLOSE_MS + 6 * 60_000
    assert set(SurfacePoint.objects.values_list("known_at", flat=True)) == {CLOSE_MS + 6 * 60_000}


def test_the_readers_return_what_was_stored(evening):
    store_chain(LEVELS, CLOSE_MS)
    store_surface(evening, SESSION)
    points, rows = (read("SPX", close_ms(SESSION), close_ms(SESSION)) for read in (iv.surface, iv.term))
    assert len(points) == 35
    assert points.tenor_days[:5].tolist() == [7] * 5
    assert rows.slope.tolist() == [TermDay.objects.get().slope]
    assert np.isnan(rows.implied_move).all()
    assert rows.at_the_money.tolist() == rows.ex_event.tolist() == [TermDay.objects.get().at_the_money[2]]
    assert len(iv.surface("SPX", close_ms(SESSION) + 1, close_ms(SESSION) + 1)) == 0


def test_events_of_the_symbol_and_of_the_market_are_read_as_known(evening):
    add_event(date(2026, 12, 9), symbol="*", kind="FOMC", known_at=10)
    add_event(date(2026, 12, 1), known_at=20)
    add_event(date(2026, 12, 1), symbol="AAPL", known_at=10)
    add_event(date(2026, 11, 1), known_at=10)
    assert iv.events("SPX", SESSION, 10).kind.tolist() == ["FOMC"]
    assert iv.events("SPX", SESSION, 20).symbol.tolist() == ["SPX", "*"]
