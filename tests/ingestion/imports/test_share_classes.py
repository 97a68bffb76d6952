"""A file names a class of shares BRK.B or BRK/B, while the root of its contracts is BRKB."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from django.core.management import call_command

from flow.stream.rows import Contracts
from flow.stream.subscription import Shard, watch
from ingestion.imports.contracts import read_contracts
from quant.contracts import format_ticker
from tests.ingestion.imports.files import eod_file
from warehouse.models import HistoricalGreeks
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

DAY, EXPIRATION = date(2026, 11, 16), date(2026, 12, 18)
COLUMNS = "date,underlying,type,expiration,strike,bid,ask,open_interest,spot"
WITH_TICKERS = (
    "contractID,symbol,expiration,strike,type,last,mark,bid,bid_size,ask,ask_size,volume,open_interest,date,"
    "implied_volatility,delta,gamma,theta,vega,rho"
)


@pytest.fixture(autouse=True)
def wednesday(spx) -> None:
    """The clock is at Wednesday, 18 November 2026."""


def rows(underlying: str) -> list[str]:
    return [
        f"{DAY},{underlying},C,{EXPIRATION},95,5.96,6.06,100,100",
        f"{DAY},{underlying},P,{EXPIRATION},95,0.96,1.06,100,100",
        f"{DAY},{underlying},C,{EXPIRATION},97.5,4.24,4.34,100,100",
        f"{DAY},{underlying},P,{EXPIRATION},97.5,1.74,1.84,100,100",
    ]


def stored() -> list[tuple[str, str]]:
    return list(HistoricalGreeks.objects.order_by("contract_ticker").values_list("symbol", "contract_ticker"))


EXPECTED = [
    ("BRK.B", str(format_ticker("BRKB", EXPIRATION, is_call, strike)))
    for is_call in (True, False)
    for strike in (95, 97.5)
]


@pytest.mark.parametrize("underlying", ["BRK.B", "BRK/B", "brk-b"])
def test_contracts_of_the_underlying_column_have_the_root(tmp_path, underlying):
    call_command("import_chain", eod_file(tmp_path / "chain.csv", rows(underlying), COLUMNS))
    assert stored() == EXPECTED


def test_a_file_of_tickers_is_stored_under_the_symbol(tmp_path):
    lines = [
        f"{ticker[2:]},BRK.B,{EXPIRATION},{strike:.2f},{kind},2.2,2.2,5.96,16,6.06,22,17,100,{DAY},"
        "0.25,0.50000,0.04163,-0.05,0.11,0.04"
        for (_, ticker), kind, strike in zip(
            EXPECTED, ("call", "call", "put", "put"), (95, 97.5) * 2, strict=True
        )
    ]
    call_command("import_chain", eod_file(tmp_path / "chain.csv", lines, WITH_TICKERS))
    assert stored() == EXPECTED


def test_the_option_may_name_the_symbol_in_any_spelling(tmp_path):
    lines = [line.replace(",BRK.B,", ",") for line in rows("BRK.B")]
    header = COLUMNS.replace("underlying,", "")
    call_command("import_chain", eod_file(tmp_path / "chain.csv", lines, header), symbol="brk/b")
    assert stored() == EXPECTED


def test_an_unwatched_class_is_spelled_as_in_the_file(tmp_path):
    call_command("import_chain", eod_file(tmp_path / "chain.csv", rows("XYZ.C"), COLUMNS))
    assert {symbol for symbol, _ in stored()} == {"XYZ.C"}


def test_other_names_are_no_roots():
    cells = {"type": ("C",), "expiration": ("2026-12-18",), "strike": ("95",), "underlying": ("S&P.500",)}
    found = read_contracts(cells, None, Counter())
    assert (len(found.columns), +found.rejected, found.symbol_of_root) == (0, Counter(bad_ticker=1), {})


def test_live_trades_of_the_root_belong_to_the_symbol():
    add_default_symbols(["BRK.B"])
    contracts = Contracts(watch(Shard(1, 1)).symbol_of_root)
    _, symbol = contracts.number("O:BRKB261218C00095000")
    assert contracts.symbols[symbol] == "BRK.B"
