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


def test_median_gross_gamma_covers_the_twenty_previous_sessions():
    for day, gross in (("2026-10-22", 1e9), ("2026-10-23", 10.0), ("2026-11-18", 20.0), ("2026-11-19", 60.0)):
        add_gamma(ms(f"{day}T15:00-04:00"), gross_gamma=gross)
    add_gamma(ms("2026-11-19T15:00-05:00"), symbol="NDX", gross_gamma=1e9)
    add_gamma(ms("2026-11-20T09:30-05:00"), gross_gamma=1e9)
    # 23 October to 19 November 2026 are 20 sessions; 22 October and 20 November are excluded.
    assert queries.median_gross_gamma("SPX", ms("2026-11-20T10:00-05:00")) == 20.0


def test_median_gross_gamma_excludes_snapshots_weighted_by_volume():
    add_gamma(ms("2026-11-18T15:00-05:00"), gross_gamma=20.0)
    for hour in (14, 15):
        add_gamma(ms(f"2026-11-19T{hour}:00-05:00"), gross_gamma=1e9, oi_source="volume_proxy")
    assert queries.median_gross_gamma("SPX", ms("2026-11-20T10:00-05:00")) == 20.0


def test_median_gross_gamma_is_none_without_earlier_sessions():
    assert queries.median_gross_gamma("SPX", ms("2026-11-20T10:00-05:00")) is None


def test_latest_spot_is_the_newest_price_as_of_the_given_time():
    add_gamma(100, underlying_price=6400)
    add_gamma(200, underlying_price="6451.25")
    add_gamma(300)
    add_gamma(400, underlying_price=1)
    assert queries.latest_spot("SPX", 350) == (6451.25, 200)
    assert queries.latest_spot("SPX", 50) is None


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
    assert len(counts) == 21
