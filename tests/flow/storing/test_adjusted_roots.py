"""Trades of adjusted and pointed roots are stored under their symbol, and those of adjusted contracts are counted."""

from __future__ import annotations

import gzip
from io import StringIO

import pytest
from django.core.management import call_command

from flow.history.flat_file import load
from flow.report import flow_report
from flow.stream.rows import Contracts
from tests.flow.trades import NOON_MS, make_batch, process
from warehouse import clock
from warehouse.models import OptionsFlow
from warehouse.watchlist import add_default_symbols

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

AMD, AMD1, SPY7 = "O:AMD261218C00100000", "O:AMD1261218C00100000", "O:SPY7261218C00600000"
BRKB, BRK_B, BRKB1 = "O:BRKB261218C00400000", "O:BRK.B261218C00400000", "O:BRK.B1261218C00400000"
SYMBOLS = {AMD: "AMD", AMD1: "AMD", SPY7: "SPY", BRKB: "BRK.B", BRK_B: "BRK.B", BRKB1: "BRK.B"}


def symbols_stored() -> dict[str, str]:
    return dict(OptionsFlow.objects.values_list("contract_ticker", "symbol"))


@pytest.mark.parametrize("watched", [["AMD", "SPY", "BRK.B"], ["QQQ"]], ids=["watched", "not watched"])
def test_trades_are_stored_under_the_symbol_of_their_root(watched):
    add_default_symbols(watched)
    process(make_batch(*({"contract_ticker": ticker} for ticker in SYMBOLS)))
    assert symbols_stored() == SYMBOLS


def test_the_strike_of_a_pointed_ticker_is_stored():
    process(make_batch({"contract_ticker": BRK_B}))
    row = OptionsFlow.objects.get()
    assert (float(row.strike), row.expiration.isoformat(), float(row.premium)) == (
        400.0,
        "2026-12-18",
        1050.0,
    )


def test_the_consumer_takes_and_counts_these_trades():
    contracts = Contracts({"AMD": "AMD", "SPY": "SPY", "BRKB": "BRK.B"})
    for ticker, symbol in SYMBOLS.items():
        number = contracts.number(ticker)
        assert number is not None
        assert contracts.symbols[number[1]] == symbol
    assert contracts.adjusted == 3
    contracts.number(AMD1)
    contracts.number(AMD)
    assert (contracts.adjusted, contracts.unwatched) == (4, 0)


def test_a_flat_file_may_spell_roots_with_a_point(tmp_path):
    add_default_symbols(["AMD", "BRK.B", "SPY"])
    at = NOON_MS - 3_600_000
    lines = ["ticker,conditions,correction,exchange,participant_timestamp,price,sip_timestamp,size"]
    lines += [f"{ticker},209,,302,{at}000000,1.10,{at}000000,25" for ticker in SYMBOLS]
    path = tmp_path / "trades.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert load(path, clock.now_ms()).stored == 6
    assert symbols_stored() == SYMBOLS


def test_the_report_states_the_trades_of_adjusted_contracts():
    add_default_symbols(["AMD"])
    process(
        make_batch(
            {"contract_ticker": AMD, "timestamp_ms": NOON_MS - 1},
            {"contract_ticker": AMD1, "timestamp_ms": NOON_MS - 2},
            {"contract_ticker": AMD1, "timestamp_ms": NOON_MS - 1, "condition": 203},
        )
    )
    assert flow_report("AMD", 15, clock.now_ms()).adjusted == 1
    out = StringIO()
    call_command("flow_report", "AMD", "--minutes", "15", stdout=out)
    assert "1 trades of adjusted contracts are included" in out.getvalue()
