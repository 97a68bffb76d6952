"""Rates, dividends and exercise style that a chain is priced with."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ingestion.chains.pricing.inputs import pricing_inputs
from quant.sessions import SECONDS_PER_YEAR
from tests.warehouse.rows import add_action, add_curve
from warehouse import clock, runs, watchlist
from warehouse.models.enums import RateSource
from warehouse.task_names import RunTask

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SLOT = datetime(2026, 11, 18, 19, 45, tzinfo=UTC)
SLOT_MS = clock.epoch_ms(SLOT)
EARLIER_MS = SLOT_MS - 900_000
STARTED_MS = SLOT_MS + 2_000


def inputs_of(symbol, known_by_ms=STARTED_MS):
    return pricing_inputs(watchlist.entry_of(symbol), SLOT, known_by_ms)


def add_usd_curve(slot_ms=EARLIER_MS, known_at=EARLIER_MS + 25_000, rate=0.05):
    for expiration, one in ((date(2026, 12, 18), rate), (date(2027, 12, 17), rate - 0.01)):
        add_curve(slot_ms, expiration=expiration, rate=one, known_at=known_at)


def test_a_slot_uses_the_newest_curve_known_before_its_request():
    add_usd_curve()
    add_usd_curve(SLOT_MS, known_at=STARTED_MS + 1, rate=0.09)
    found = inputs_of("SPY")
    assert (found.rate_source, found.curve_slot, found.own_rates) == (RateSource.CURVE, EARLIER_MS, False)
    settled = datetime(2026, 12, 18, 21, tzinfo=UTC)
    years = (settled - SLOT).total_seconds() / SECONDS_PER_YEAR
    assert float(found.rates.rates(years)) == pytest.approx(0.05)
    assert float(found.rates.rates(5.0)) == pytest.approx(0.04)
    assert inputs_of("SPY", STARTED_MS + 1).curve_slot == SLOT_MS


def test_without_a_curve_the_flat_rate_of_the_settings_is_used(settings):
    settings.FLAT_RATE = 0.031
    found = inputs_of("SPY")
    assert (found.rate_source, found.curve_slot) == (RateSource.FLAT, None)
    assert found.rates.rates([0.1, 3.0]).tolist() == [0.031, 0.031]


@pytest.mark.parametrize(
    ("symbol", "is_american", "own_rates"),
    [
        ("SPX", False, True),
        ("NDX", False, True),
        ("OEX", True, True),
        ("SPY", True, False),
        ("AAPL", True, False),
    ],
)
def test_the_usual_style_follows_the_kind_of_underlying(symbol, is_american, own_rates):
    found = inputs_of(symbol)
    assert (found.is_american, found.own_rates) == (is_american, own_rates)


def test_with_a_curve_of_dollar_rates_other_indices_use_it():
    add_usd_curve()
    assert not inputs_of("NDX").own_rates
    assert inputs_of("SPX").own_rates


def test_whether_dividends_were_ever_fetched_is_told():
    assert [inputs_of(symbol).dividends_known for symbol in ("SPX", "SPY", "QQQ")] == [True, False, False]
    add_action(date(2026, 12, 18), symbol="SPY", cash_amount=1.75, known_at=1)
    run = runs.Done("QQQ", SLOT_MS, 0, {})
    runs.note_done(RunTask.FETCH_DIVIDENDS, [run])
    assert [inputs_of(symbol).dividends_known for symbol in ("SPY", "QQQ", "IWM")] == [True, True, False]


def test_dividends_are_those_declared_at_the_slot():
    add_action(date(2026, 12, 18), symbol="SPY", cash_amount=1.75, known_at=SLOT_MS)
    add_action(date(2027, 3, 19), symbol="SPY", cash_amount=1.8, known_at=STARTED_MS)
    add_action(date(2026, 11, 18), symbol="SPY", cash_amount=1.0, known_at=1)
    ex = clock.epoch_ms(datetime(2026, 12, 18, 5, tzinfo=UTC))  # midnight New York
    found = inputs_of("SPY")
    assert found.dividends == ((ex, 1.75),)
    ((years, cash),) = found.dividends_from(SLOT)
    assert (years, cash) == (pytest.approx((ex - SLOT_MS) / 1000 / SECONDS_PER_YEAR), 1.75)


def test_an_index_has_no_dividends_of_its_own():
    add_action(date(2026, 12, 18), symbol="SPX", cash_amount=1.75, known_at=1)
    assert inputs_of("SPX").dividends == ()
