"""The market regime of a session equals its recomputation from stored rows."""

from __future__ import annotations

import pytest

from ingestion.audit import audit, audit_regime
from ingestion.bars.bar_times import midnight_ms
from ingestion.daily.market_regime import calculate_market_regime
from tests.ingestion.audited import (
    WEDNESDAY,
    as_text,
    store_two_sessions,
)
from warehouse import clock
from warehouse.models import (
    HistoricalBar,
    HistoricalGreeks,
    MarketRegimeDay,
)

pytestmark = pytest.mark.database


@pytest.fixture
def days(spx, provider, at_market_time) -> str:
    return store_two_sessions(spx, provider, at_market_time)


@pytest.fixture
def regime(days, connect) -> str:
    """The session's regime, stored with breadth of two sessions."""
    assert calculate_market_regime(WEDNESDAY, clock.now_ms(), breadth_sessions=2, connect=connect).stored
    return days


def regime_audit() -> str:
    (found,) = audit_regime(WEDNESDAY)
    return str(found).removeprefix("market_regime_history of 2026-11-18: ")


def test_the_regime_is_recomputed_from_stored_inputs_alone(regime, provider):
    before, requests = as_text(), len(provider.requests)
    assert regime_audit() == "equal"
    assert str(list(audit(regime, WEDNESDAY))[-1]) == "market_regime_history of 2026-11-18: equal"
    assert (as_text(), len(provider.requests)) == (before, requests)


def test_a_session_without_a_regime_has_none_to_audit(days):
    assert list(audit_regime(WEDNESDAY)) == []


def test_a_changed_input_of_the_regime_is_found(regime):
    HistoricalBar.objects.filter(symbol="SPY", timestamp=midnight_ms(WEDNESDAY)).update(close=700)
    assert regime_audit().startswith("differs in ")
    assert "spy_close" in regime_audit()


def test_index_levels_of_a_snapshot_are_taken_from_the_row(regime):
    HistoricalBar.objects.filter(symbol="NDX").delete()
    assert regime_audit() == "equal"


def test_a_regime_whose_inputs_are_gone_says_which(regime):
    HistoricalGreeks.objects.all().delete()
    assert regime_audit() == "cannot be recomputed: the chains of its put/call ratio are no longer stored"
    HistoricalBar.objects.filter(
        timeframe="1d", symbol__in=["QQQ", "A", "B", "C", "D", "CHEAP", "NEW"]
    ).delete()
    assert regime_audit() == "cannot be recomputed: the bars of QQQ, all stocks are no longer stored"


def test_a_row_of_an_earlier_method_is_not_compared(regime):
    version = MarketRegimeDay.objects.get().method_version
    MarketRegimeDay.objects.update(method_version="0", spy_close=1)
    assert (
        regime_audit()
        == f"cannot be recomputed: it was computed by method 0, and the present one is {version}"
    )
