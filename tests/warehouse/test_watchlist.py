"""Symbols, their default properties, and the symbols of option roots."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from quant.sessions import AM_SETTLED_ROOTS
from warehouse.models import WatchlistEntry
from warehouse.watchlist import add_default_symbols, entry_of, spelled, symbol_of

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_a_class_of_shares_has_the_root_without_its_point():
    entry = entry_of("BRK.B")
    assert (entry.roots, entry.provider_symbol, entry.kind) == (["BRKB"], "BRK.B", "stock")


@pytest.mark.parametrize(
    ("root", "symbol"),
    [
        ("BRKB", "BRK.B"),
        ("BRKB1", "BRK.B"),
        ("BFB", "BF.B"),
        ("SPXW", "SPX"),
        ("XEO", "OEX"),
        ("SPEQW", "SPEQX"),
        ("SIXRE", "SIXRE"),
        ("AMD1", "AMD"),
        ("AMD", "AMD"),
    ],
)
def test_the_symbol_of_a_root_is_known_without_a_watchlist(root, symbol):
    assert symbol_of(root) == symbol


def test_a_watched_class_of_shares_is_found_by_its_root():
    add_default_symbols(["CRD.A"])
    assert symbol_of("CRDA") == "CRD.A"


def test_every_am_settled_root_belongs_to_an_index():
    for root in AM_SETTLED_ROOTS:
        entry = entry_of(symbol_of(root))
        assert (entry.kind, entry.provider_symbol) == ("index", f"I:{entry.symbol}")
        assert root in entry.roots


@pytest.mark.parametrize(
    ("written", "symbol"),
    [("BRK/B", "BRK.B"), ("brk-b", "BRK.B"), (" BRK.B ", "BRK.B"), ("^SPX", "SPX"), ("$SPX", "SPX")],
)
def test_spellings_of_other_sources_are_read(written, symbol):
    assert spelled(written) == symbol


@pytest.mark.django_db(transaction=True)
def test_stored_roots_lose_characters_that_no_ticker_has():
    def migrate(name):
        MigrationExecutor(connection).migrate([("warehouse", name)])

    try:
        migrate("0019_corporate_actions")
        for symbol, roots in (("BRK.B", ["BRK.B", "BRKB1"]), ("SPX", ["SPXW", "SPX"])):
            WatchlistEntry.objects.create(
                symbol=symbol, provider_symbol=symbol, kind="stock", roots=roots, active_since_ms=1
            )
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("warehouse"))
    roots = dict(WatchlistEntry.objects.values_list("symbol", "roots"))
    assert roots == {"BRK.B": ["BRKB", "BRKB1"], "SPX": ["SPXW", "SPX"]}
