"""Queries of ingestion on a few rows."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.warehouse.rows import add_gamma, add_greeks, ago
from warehouse import clock, queries, watchlist
from warehouse.models import IngestionRun, WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def ms(text: str) -> int:
    return clock.epoch_ms(dt.datetime.fromisoformat(text))


def add_run(slot: int, symbol: str = "SPX", status: str = "DONE") -> IngestionRun:
    return IngestionRun.objects.create(
        task="ingest_chain", symbol=symbol, slot=slot, status=status, started_at=slot
    )


def test_the_default_watchlist_has_five_symbols_with_their_attributes():
    assert watchlist.add_default_symbols() == 5
    found = WatchlistEntry.objects.values_list(
        "symbol", "kind", "provider_symbol", "reference_symbol", "roots"
    )
    assert list(found) == [
        ("IWM", "etf", "IWM", None, ["IWM"]),
        ("NDX", "index", "I:NDX", "QQQ", ["NDX", "NDXP"]),
        ("QQQ", "etf", "QQQ", None, ["QQQ"]),
        ("SPX", "index", "I:SPX", "SPY", ["SPX", "SPXW"]),
        ("SPY", "etf", "SPY", None, ["SPY"]),
    ]


def test_adding_symbols_again_keeps_changes_made_by_an_operator():
    watchlist.add_default_symbols(["SPX"])
    WatchlistEntry.objects.update(strike_band_pct=10.0, ingest_flow=False)
    assert watchlist.add_default_symbols(["SPX", "AMD"]) == 1
    assert WatchlistEntry.objects.get(symbol="SPX").strike_band_pct == 10.0
    assert WatchlistEntry.objects.get(symbol="AMD").kind == "stock"


def test_entries_are_watched_only_for_their_enabled_feeds():
    watchlist.add_default_symbols(["SPX", "NDX"])
    WatchlistEntry.objects.filter(symbol="SPX").update(ingest_chain=False)
    WatchlistEntry.objects.filter(symbol="NDX").update(ingest_flow=False)
    assert [entry.symbol for entry in queries.watched_chains()] == ["NDX"]
    assert [entry.symbol for entry in queries.watched_flow()] == ["SPX"]


def test_an_unknown_symbol_raises():
    with pytest.raises(WatchlistEntry.DoesNotExist):
        queries.watchlist_entry("SPX")


def test_run_statuses_by_slot():
    add_run(100)
    add_run(200, status="FAILED")
    add_run(300, status="STARTED")
    add_run(200, symbol="NDX")
    assert queries.run_statuses("ingest_chain", "SPX", 200) == {200: "FAILED", 300: "STARTED"}


def test_latest_chains_return_the_newest_run_with_its_gamma_snapshot():
    watchlist.add_default_symbols(["SPX", "NDX", "SPY"])
    add_run(100)
    newest = add_run(200)
    add_gamma(100)
    snapshot = add_gamma(200)
    failed = add_run(200, symbol="NDX", status="FAILED")
    found = {chain.symbol: (chain.run, chain.gamma) for chain in queries.latest_chains()}
    assert found == {"SPX": (newest, snapshot), "NDX": (failed, None)}


def test_rows_are_counted_by_table():
    add_greeks(ago(0))
    add_greeks(ago(0), ticker="O:SPX251219P06475000")
    counts = queries.rows_per_table()
    assert counts["historical_greeks"] == 2
    assert counts["warehouse_clock"] == 1
    assert sum(counts.values()) == 3
    assert len(counts) == 41
