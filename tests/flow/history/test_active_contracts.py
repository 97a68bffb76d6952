"""Contracts asked after a gap: those that traded near it, and those whose volume changed over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flow.history.active_contracts import ActiveContract, chain_since, contracts_around
from tests.flow.trades import NOON_MS
from tests.warehouse.rows import MINUTE_MS, add_greeks, add_trade
from warehouse.models import HistoricalGreeks, IngestionRun

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

GAP = (NOON_MS - 10 * MINUTE_MS, NOON_MS - 9 * MINUTE_MS)
QUIET, GROWN, NEW, OTHER = (f"O:SPX261218C0{strike}000" for strike in (6400, 6500, 6600, 6700))


def chain(at_ms: int, symbol: str = "SPX", **volumes: int | None) -> None:
    for name, volume in volumes.items():
        add_greeks(
            at_ms,
            {"quiet": QUIET, "grown": GROWN, "new": NEW, "other": OTHER}[name],
            symbol=symbol,
            volume=volume,
        )


def run_of(at_ms: int, **columns: Any) -> None:
    IngestionRun.objects.create(task="ingest_chain", symbol="SPX", slot=at_ms, status="DONE", **columns)


@pytest.fixture
def active(connect) -> Callable[..., list[ActiveContract]]:
    """A function that returns the active contracts of symbols in GAP. The provider lists no contracts."""

    def found(*symbols: str) -> list[ActiveContract]:
        with connect() as client:
            return contracts_around(list(symbols or ["SPX"]), *GAP, client)

    return found


@pytest.fixture
def active_tickers(active) -> Callable[[], list[str]]:
    return lambda: sorted(one.contract_ticker for one in active())


def test_contract_is_active_if_its_volume_changed_over_the_gap(active):
    chain(GAP[0] - MINUTE_MS, quiet=7, grown=7)
    chain(GAP[1] + MINUTE_MS, quiet=7, grown=8, new=5)
    assert active() == [("SPX", NEW, 5), ("SPX", GROWN, 1)]  # largest change first


def test_last_chain_before_and_first_chain_after_are_compared(active_tickers):
    chain(GAP[0] - 16 * MINUTE_MS, quiet=1, grown=1)
    chain(GAP[0] - MINUTE_MS, quiet=7, grown=7, new=0)
    chain(GAP[1] + MINUTE_MS, quiet=7, grown=8, new=0)
    chain(GAP[1] + 16 * MINUTE_MS, quiet=90, grown=90, new=90)
    assert active_tickers() == [GROWN]


def test_unknown_volume_before_is_zero_and_after_is_no_growth(active_tickers):
    chain(GAP[0] - MINUTE_MS, quiet=None, grown=None)
    chain(GAP[1] + MINUTE_MS, quiet=None, grown=8)
    assert active_tickers() == [GROWN]


def test_without_a_chain_before_the_gap_contracts_with_volume_are_active(active_tickers):
    chain(GAP[1] + MINUTE_MS, quiet=0, grown=8)
    assert active_tickers() == [GROWN]


def test_without_a_chain_after_the_gap_all_contracts_are_active(active):
    chain(GAP[0] - 16 * MINUTE_MS, other=900)
    chain(GAP[0] - MINUTE_MS, quiet=0, grown=8, new=None)
    assert active() == [("SPX", GROWN, 8), ("SPX", QUIET, 0), ("SPX", NEW, 0)]


def test_each_symbol_uses_its_own_chains(active, active_tickers):
    chain(GAP[0] - MINUTE_MS, quiet=7)
    chain(GAP[1] + MINUTE_MS, quiet=7)
    chain(GAP[0] - 2 * MINUTE_MS, "NDX", grown=3)
    chain(GAP[1] + 2 * MINUTE_MS, "NDX", grown=4)
    assert active("NDX", "SPX") == [("NDX", GROWN, 1)]
    assert active_tickers() == []


def test_contract_traded_within_half_an_hour_of_the_gap_is_active(active):
    chain(GAP[0] - MINUTE_MS, grown=7)
    chain(GAP[1] + MINUTE_MS, grown=8)
    for number, (ticker, at_ms) in enumerate(
        (
            (GROWN, GAP[0] - MINUTE_MS),
            (NEW, GAP[1] + 30 * MINUTE_MS),
            (QUIET, GAP[0] - 30 * MINUTE_MS - 1),
            (OTHER, GAP[1] + 30 * MINUTE_MS + 1),
        )
    ):
        add_trade(at_ms, number, contract_ticker=ticker, size=40 + number)
    assert active() == [("SPX", NEW, 41), ("SPX", GROWN, 40)]


def test_chain_shows_the_market_at_its_fetch_not_at_its_slot(active_tickers):
    """A chain fetched within the gap is neither before nor after it."""
    chain(GAP[0] - 16 * MINUTE_MS, grown=5)
    chain(GAP[0] - MINUTE_MS, grown=8)
    HistoricalGreeks.objects.filter(timestamp=GAP[0] - MINUTE_MS).update(fetched_at=GAP[0] + 1)
    chain(GAP[1] + MINUTE_MS, grown=8)
    assert active_tickers() == [GROWN]
    HistoricalGreeks.objects.filter(timestamp=GAP[0] - MINUTE_MS).update(fetched_at=GAP[0])
    assert active_tickers() == []


def test_age_of_a_chain_includes_fetch_time_and_plan_delay():
    after = GAP[1] + MINUTE_MS
    chain(after, grown=8)
    run_of(after, started_at=after - MINUTE_MS, data_delay_ms=0)
    assert chain_since(["SPX"], GAP[1])
    assert not chain_since(["SPX"], GAP[1] + 1)
    IngestionRun.objects.update(data_delay_ms=1)
    assert not chain_since(["SPX"], GAP[1])


def test_every_symbol_needs_a_chain_after_the_gap():
    chain(GAP[1], quiet=7)
    assert chain_since(["SPX"], GAP[1])
    assert not chain_since(["NDX", "SPX"], GAP[1])
