"""Live, imported and rebuilt chains are stored the same way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ingestion.backfill.rebuild.slot_chain import RebuiltSlot
from ingestion.backfill.rebuild.slot_store import ComputedSlot, store_slots
from ingestion.chains.chain_columns import Checked, check_chain
from ingestion.chains.compute import ComputedChain, compute_chain
from ingestion.chains.ingest import Stopwatch, store_chain
from ingestion.chains.pricing.inputs import pricing_inputs
from ingestion.chains.slots import Slot
from ingestion.chains.spot import Spot
from ingestion.imports.slot import import_slot
from provider.pagination import ChainPages
from tests.ingestion.chain_rows import SESSION, make_row
from tests.ingestion.market import SLOT, SLOT_MS
from tests.ingestion.stored import store_contract
from warehouse import clock, queries, runs
from warehouse.models import ExpirationGamma, GammaExposure, HistoricalGreeks, WatchlistEntry
from warehouse.task_names import RunTask

pytestmark = pytest.mark.database

EXPIRATION = date(2026, 12, 18)
STRIKES = (6000.0, 6450.0, 6500.0, 6550.0)
BY_ORIGIN = {"id", "source", "fetched_at", "method_version", "known_at"}
SPOT = Spot(6500.0, "chain")


def checked_chain(open_interest: float | None) -> Checked:
    """Return a call and a put at every strike; the puts have three times the volume of the calls."""
    rows = [
        make_row(
            strike,
            is_call=is_call,
            expiration=EXPIRATION,
            open_interest=open_interest,
            volume=50 if is_call else 150,
        )
        for strike in STRIKES
        for is_call in (True, False)
    ]
    return check_chain(rows, ["SPXW"], SESSION)


def computed(entry: WatchlistEntry, checked: Checked) -> ComputedChain:
    return compute_chain(checked, SPOT, SLOT, 0, pricing_inputs(entry, SLOT, SLOT_MS))


def store_live(entry: WatchlistEntry, checked: Checked) -> None:
    pages = ChainPages(fetched_at_ms=[SLOT_MS + 1000])
    with runs.claim(RunTask.INGEST_CHAIN, entry.symbol, SLOT_MS) as run:
        assert isinstance(run, runs.Run)
        store_chain(run, entry, computed(entry, checked), pages, 0, Stopwatch())


def store_imported(entry: WatchlistEntry, checked: Checked) -> None:
    units = {"implied_volatility": "fraction", "theta": "per calendar day", "vega": "per point"}
    assert import_slot(entry, SLOT, checked, SPOT, clock.now_ms(), units).done


def store_rebuilt(entry: WatchlistEntry, checked: Checked) -> None:
    chain = computed(entry, checked)
    rebuilt = ComputedSlot(entry, len(chain.columns), RebuiltSlot(chain, {}, 0))
    slot = Slot(SLOT, SLOT + timedelta(minutes=15))
    store_slots(f"{RunTask.BACKFILL_CHAIN}_all", "all", slot, [rebuilt], clock.now_ms())


def stored_rows() -> tuple[list[dict[str, object]], dict[str, object], list[dict[str, object]]]:
    """Return and delete the greeks rows, the gamma snapshot and its expirations, without what depends on the origin."""
    greeks = HistoricalGreeks.objects.filter(timestamp=SLOT_MS).order_by("contract_ticker")
    rows = [{name: row[name] for name in row.keys() - BY_ORIGIN} for row in greeks.values()]
    snapshot = GammaExposure.objects.values().get()
    expirations = list(ExpirationGamma.objects.values())
    for row in (snapshot, *expirations):
        del row["id"], row["known_at"]
    greeks.delete()
    GammaExposure.objects.all().delete()
    ExpirationGamma.objects.all().delete()
    return rows, snapshot, expirations


def test_a_chain_without_open_interest_is_stored_the_same_way(spx):
    entry = queries.watchlist_entry(spx)
    store_live(entry, checked_chain(None))
    rows, snapshot, (expiration,) = live = stored_rows()
    assert len(rows) == 8
    assert {row["open_interest"] for row in rows} == {None}
    # 4 x 150 puts over 4 x 50 calls
    assert (snapshot["put_call_oi_ratio"], snapshot["put_call_volume_ratio"]) == (None, 3.0)
    assert (snapshot["oi_source"], snapshot["oi_by_strike"]) == ("volume_proxy", {})
    sizes = (expiration["call_volume"], expiration["put_volume"], expiration["oi_source"])
    assert sizes == (200, 600, "volume_proxy")
    unknown = (expiration["call_open_interest"], expiration["put_open_interest"], expiration["max_pain"])
    assert unknown == (None, None, None)
    assert float(expiration["net_gamma"]) == pytest.approx(float(snapshot["total_gamma"]))
    store_imported(entry, checked_chain(None))
    assert stored_rows() == live
    store_rebuilt(entry, checked_chain(None))
    assert stored_rows() == live


def test_a_chain_with_open_interest_is_stored_the_same_way(spx):
    entry = queries.watchlist_entry(spx)
    store_live(entry, checked_chain(1000))
    rows, snapshot, (expiration,) = live = stored_rows()
    assert (expiration["root"], expiration["expiration"], expiration["contracts"]) == ("SPXW", EXPIRATION, 8)
    assert (expiration["call_open_interest"], expiration["put_open_interest"]) == (4000, 4000)
    assert float(expiration["net_gamma"]) == pytest.approx(float(snapshot["total_gamma"]))
    assert {row["open_interest"] for row in rows} == {1000}
    assert (snapshot["put_call_oi_ratio"], snapshot["oi_source"]) == (1.0, "provider")
    store_imported(entry, checked_chain(1000))
    assert stored_rows() == live
    earlier_ms = (
        SLOT_MS - 15 * 60_000
    )  # a rebuilt chain has the open interest of another snapshot of its session
    for strike in STRIKES:
        for is_call in (True, False):
            store_contract(earlier_ms, EXPIRATION, 0.15, strike=strike, is_call=is_call, open_interest=1000)
    store_rebuilt(entry, checked_chain(None))
    assert stored_rows() == live


def test_only_the_band_of_strikes_is_stored_and_gamma_is_of_the_whole_chain(spx):
    entry = queries.watchlist_entry(spx)
    entry.strike_band_pct = 5
    for store in (store_live, store_imported, store_rebuilt):
        store(entry, checked_chain(None))
        rows, snapshot, expirations = stored_rows()
        assert [row["contracts"] for row in expirations] == [8]
        assert {row["strike"] for row in rows} == {6450, 6500, 6550}
        assert set(snapshot["gamma_by_strike"]) == {"6000", "6450", "6500", "6550"}
