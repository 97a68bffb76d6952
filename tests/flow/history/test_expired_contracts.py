"""Contracts that expire, or are unknown to the chains around a gap, are asked for their trades too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flow.history.active_contracts import ActiveContract, contracts_around, is_trading
from tests.provider.server import ok
from tests.warehouse.rows import MINUTE_MS, add_greeks
from warehouse import clock
from warehouse.models import IngestionRun, SessionException, WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

CLOSE_MS = clock.epoch_ms(datetime(2026, 11, 18, 21, 0, tzinfo=UTC))
OPEN_MS = CLOSE_MS - 390 * MINUTE_MS
TODAY, WEEKLY, LATER = "O:SPXW261118C06500000", "O:SPXW261120C06500000", "O:SPX261218C06500000"
LIST = "/v3/reference/options/contracts"


def chain(at_ms: int, **volumes: int) -> None:
    for name, volume in volumes.items():
        ticker = {"today": TODAY, "weekly": WEEKLY, "later": LATER}[name]
        add_greeks(at_ms, ticker, volume=volume, fetched_at=at_ms + 5_000)


@pytest.fixture
def active(connect):
    """A function that returns the active contracts of SPX between two times."""

    def found(from_ms: int, to_ms: int) -> list[tuple[str, float]]:
        with connect() as client:
            rows: list[ActiveContract] = contracts_around(["SPX"], from_ms, to_ms, client)
        return [(row.contract_ticker, row.volume) for row in rows]

    return found


@pytest.fixture
def listed(provider):
    """A function that sets the contracts that the provider lists, by the value of `expired`."""

    def tell(expired: str, *tickers: str) -> None:
        rows = [
            {
                "ticker": ticker,
                "underlying_ticker": "SPX",
                "contract_type": "call",
                "exercise_style": "european",
                "expiration_date": f"20{ticker[-15:-13]}-{ticker[-13:-11]}-{ticker[-11:-9]}",
                "strike_price": 6500,
                "shares_per_contract": 100,
            }
            for ticker in tickers
        ]
        query = f"underlying_ticker=SPX&expired={expired}&limit=1000&expiration_date.gte=2026-11-18"
        provider.tell(f"{LIST}?{query}", ok({"status": "OK", "request_id": "0" * 32, "results": rows}))

    return tell


def test_contracts_missing_from_the_chain_after_the_gap_are_active(active):
    """The chain of 16:00 no longer lists the contracts that expired then."""
    chain(CLOSE_MS - 15 * MINUTE_MS, today=0, weekly=5, later=7)
    chain(CLOSE_MS, weekly=6, later=7)
    assert active(CLOSE_MS - 2 * MINUTE_MS, CLOSE_MS) == [(WEEKLY, 1), (TODAY, 0)]


def test_a_chain_whose_fetch_began_in_the_gap_is_not_after_it(active):
    chain(CLOSE_MS - 15 * MINUTE_MS, today=9, weekly=5)
    chain(CLOSE_MS, weekly=5, later=7)
    IngestionRun.objects.create(
        task="ingest_chain",
        symbol="SPX",
        slot=CLOSE_MS,
        status="DONE",
        started_at=CLOSE_MS,
    )
    assert active(CLOSE_MS - MINUTE_MS, CLOSE_MS) == [(TODAY, 9), (LATER, 7)]
    assert active(CLOSE_MS - MINUTE_MS, CLOSE_MS + 1) == [(TODAY, 9), (LATER, 7), (WEEKLY, 5)]


def test_contracts_listed_and_expired_within_a_long_gap_are_active(active):
    chain(OPEN_MS, later=1)
    chain(CLOSE_MS - 15 * MINUTE_MS, today=4, later=2)
    chain(CLOSE_MS, later=2)
    assert active(OPEN_MS + MINUTE_MS, CLOSE_MS + 1) == [(TODAY, 4), (LATER, 1)]


def test_early_closes_are_those_of_the_session(active):
    early_ms = CLOSE_MS - 180 * MINUTE_MS
    SessionException.objects.create(
        date="2026-11-18", opens_ms=OPEN_MS, closes_ms=early_ms, reason="early close", noted_at=0
    )
    chain(early_ms - 15 * MINUTE_MS, today=4, later=2)
    chain(early_ms, later=2)
    assert active(early_ms - MINUTE_MS, early_ms) == [(TODAY, 4)]
    assert active(early_ms + 16 * MINUTE_MS, early_ms + 20 * MINUTE_MS) == []
    assert is_trading(early_ms + 15 * MINUTE_MS)
    assert not is_trading(early_ms + 15 * MINUTE_MS + 1)


def test_nothing_trades_in_a_gap_outside_sessions(active, provider):
    chain(CLOSE_MS, weekly=6, later=7)
    assert active(CLOSE_MS + 16 * MINUTE_MS, OPEN_MS + 24 * 60 * MINUTE_MS - 1) == []
    assert provider.requests == []


def test_a_gap_over_night_is_compared_within_each_session(active):
    """The volume of a day starts at 0, so the chain of the next morning is not compared with one of the evening."""
    next_open_ms = OPEN_MS + 24 * 60 * MINUTE_MS
    chain(CLOSE_MS, weekly=6, later=7)
    chain(next_open_ms, weekly=2, later=0)
    assert active(CLOSE_MS + 16 * MINUTE_MS, next_open_ms + 1) == [(WEEKLY, 2)]


def test_without_any_chain_the_contracts_of_the_provider_are_active(active, listed):
    listed("false", LATER, WEEKLY)
    listed("true", TODAY)
    assert active(CLOSE_MS - 2 * MINUTE_MS, CLOSE_MS) == [(LATER, 0), (TODAY, 0), (WEEKLY, 0)]


def test_with_only_the_chain_of_the_close_expired_contracts_are_listed(active, listed):
    listed("false", LATER, WEEKLY)
    listed("true", TODAY)
    chain(CLOSE_MS, weekly=6, later=0)
    assert active(CLOSE_MS - 2 * MINUTE_MS, CLOSE_MS) == [(WEEKLY, 6), (TODAY, 0)]


def test_contracts_outside_a_stored_band_of_strikes_are_active(active, listed):
    WatchlistEntry.objects.update(strike_band_pct=5.0)
    listed("false", LATER, WEEKLY)
    listed("true", TODAY)
    for at_ms in (OPEN_MS, OPEN_MS + 15 * MINUTE_MS):
        chain(at_ms, weekly=6)
    assert active(OPEN_MS + 6 * MINUTE_MS, OPEN_MS + 7 * MINUTE_MS) == [(LATER, 0), (TODAY, 0)]
