"""Contracts fetched after a gap: those that traded near it, and those whose volume grew over it."""

from __future__ import annotations

from typing import Any

import pytest

from flow.history.active_contracts import chain_since, contracts_around
from tests.flow.trades import NOON_MS
from tests.warehouse.rows import MINUTE_MS, add_greeks, add_trade
from warehouse.models import HistoricalGreeks, IngestionRun

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

GAP = (NOON_MS - 10 * MINUTE_MS, NOON_MS - 9 * MINUTE_MS)
QUIET, GROWN, NEW, OTHER = (f"O:SPX261218C0{strike}000" for strike in (6400, 6500, 6600, 6700))


def chain(at_ms: int, symbol: str = "SPX", **volumes: int | None) -> None:
    for name, volume in volumes.items():
        add_greeks(at_ms, {"quiet": QUIET, "grown": GROWN, "new": NEW}[name], symbol=symbol, volume=volume)


def run_of(at_ms: int, **columns: Any) -> None:
    IngestionRun.objects.create(
        task="ingest_chain", symbol="SPX", slot=at_ms, status="DONE", started_at=at_ms, **columns
    )


def active_contracts(symbols: tuple[str, ...] = ("SPX",)) -> list[str]:
    return [ticker for _, ticker in contracts_around(list(symbols), *GAP)]


def test_contract_is_active_if_its_volume_grew_over_the_gap():
    chain(GAP[0] - MINUTE_MS, quiet=7, grown=7)
    chain(GAP[1] + MINUTE_MS, quiet=7, grown=8, new=1)
    assert contracts_around(["SPX"], *GAP) == [("SPX", GROWN), ("SPX", NEW)]


def test_last_chain_before_and_first_chain_after_are_compared():
    chain(GAP[0] - 16 * MINUTE_MS, quiet=1, grown=1)
    chain(GAP[0] - MINUTE_MS, quiet=7, grown=7, new=0)
    chain(GAP[1] + MINUTE_MS, quiet=7, grown=8, new=0)
    chain(GAP[1] + 16 * MINUTE_MS, quiet=90, grown=90, new=90)
    assert active_contracts() == [GROWN]


def test_unknown_volume_before_is_zero_and_after_is_no_growth():
    chain(GAP[0] - MINUTE_MS, quiet=None, grown=None)
    chain(GAP[1] + MINUTE_MS, quiet=None, grown=8)
    assert active_contracts() == [GROWN]


def test_missing_chain_before_or_after_the_gap():
    chain(GAP[1] + MINUTE_MS, quiet=0, grown=8)
    assert active_contracts() == [GROWN]
    HistoricalGreeks.objects.update(timestamp=GAP[0] - MINUTE_MS, fetched_at=GAP[0] - MINUTE_MS)
    assert active_contracts() == []


def test_each_symbol_uses_its_own_chains():
    chain(GAP[0] - MINUTE_MS, quiet=7)
    chain(GAP[1] + MINUTE_MS, quiet=7)
    chain(GAP[0] - 2 * MINUTE_MS, "NDX", grown=3)
    chain(GAP[1] + 2 * MINUTE_MS, "NDX", grown=4)
    assert contracts_around(["NDX", "SPX"], *GAP) == [("NDX", GROWN)]
    assert active_contracts() == []


def test_contract_traded_within_half_an_hour_of_the_gap_is_active():
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
        add_trade(at_ms, number, contract_ticker=ticker)
    assert active_contracts() == [GROWN, NEW]


def test_chain_shows_the_market_at_its_fetch_not_at_its_slot():
    """A chain fetched within the gap is neither before nor after it."""
    chain(GAP[0] - 16 * MINUTE_MS, grown=5)
    chain(GAP[0] - MINUTE_MS, grown=8)
    HistoricalGreeks.objects.filter(timestamp=GAP[0] - MINUTE_MS).update(fetched_at=GAP[0] + 1)
    chain(GAP[1] + MINUTE_MS, grown=8)
    assert active_contracts() == [GROWN]
    HistoricalGreeks.objects.update(fetched_at=GAP[0])
    assert active_contracts() == []


def test_age_of_a_chain_includes_fetch_time_and_plan_delay():
    after = GAP[1] + MINUTE_MS
    chain(after, grown=8)
    run_of(after, duration_ms=MINUTE_MS, data_delay_ms=0)
    assert chain_since(["SPX"], GAP[1])
    assert not chain_since(["SPX"], GAP[1] + 1)
    IngestionRun.objects.update(data_delay_ms=1)
    assert not chain_since(["SPX"], GAP[1])
    assert active_contracts() == []


def test_every_symbol_needs_a_chain_after_the_gap():
    chain(GAP[1], quiet=7)
    assert chain_since(["SPX"], GAP[1])
    assert not chain_since(["NDX", "SPX"], GAP[1])
