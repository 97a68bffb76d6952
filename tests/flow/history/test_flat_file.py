"""Loading of flat files: each trade is stored once, whatever is already stored, and every bad line is counted."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from flow.history import flat_file
from flow.history.backfill import backfill_flow
from flow.history.flat_file import Loaded, NoFlatFile, load
from tests.flow.history.test_repair import page, rest_trade
from tests.flow.trades import CALL, NOON_MS, PUT, make_batch, process
from tests.ingestion.fixtures import client_of
from tests.warehouse.rows import add_gamma, add_greeks
from warehouse import clock
from warehouse.models import DeadLetter, OptionsFlow
from warehouse.watchlist import add_default_symbols

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

AT = NOON_MS - 24 * 3_600_000
HEADER = "ticker,conditions,correction,exchange,participant_timestamp,price,sip_timestamp,size"


def line(
    ticker: str = CALL,
    at_ms: int = AT,
    price: str = "1.10",
    size: str = "25",
    conditions: str = "209",
    exchange: str = "302",
) -> str:
    return f"{ticker},{conditions},,{exchange},{at_ms}000000,{price},{at_ms}000000,{size}"


@pytest.fixture
def write_file(tmp_path):
    def write(*lines: str, header: str = HEADER, end: str = "\n") -> Path:
        path = tmp_path / "trades.csv.gz"
        path.write_bytes(gzip.compress((end.join((header, *lines)) + end).encode()))
        return path

    return write


def read_file(path: Path, *arguments, **options) -> Loaded:
    """Load the file at the current time of the market's clock."""
    return load(path, clock.now_ms(), *arguments, **options)


def rows() -> list[tuple]:
    found = OptionsFlow.objects.order_by("contract_ticker", "timestamp", "sequence_number")
    return list(found.values_list("contract_ticker", "sequence_number", "size"))


def test_line_becomes_a_row(write_file):
    loaded = read_file(write_file(line(conditions='"219,232"', price="45.5", exchange="313")))
    assert str(loaded) == "1 lines: 1 trades, 1 new, 0 too small"
    row = OptionsFlow.objects.get()
    assert (row.symbol, row.contract_ticker, row.timestamp, row.sequence_number) == ("SPX", CALL, AT, -1)
    assert (float(row.price), row.size, float(row.premium)) == (45.5, 25, 113_750)
    assert (row.conditions, row.exchange, row.source) == (["ISOI", "MLET"], "ARCA", "backfill")
    assert (row.side, row.bid) == (None, None)


def test_rejected_lines_are_counted_by_reason(write_file):
    lines = [
        line(),
        line(size="3", at_ms=AT + 60_000),
        line(ticker="O:SPY261218C00650000"),
        line(ticker="O:SPXX61218C06500000"),
        line(price="much"),
        line(price="1.1.0"),
        line(size="-4"),
        line(exchange=""),
        line(conditions="a"),
        line().replace(f"{AT}000000,25", ",25"),
        line(at_ms=AT - 100 * 86_400_000),
        line(price="2000000000"),
        line(ticker="O:SPXW261318C06500000"),
        "O:SPXW261218C06500000,209,302",
        "",
    ]
    loaded = read_file(write_file(*lines), ["SPX"])
    assert (loaded.lines, loaded.stored, loaded.filtered) == (14, 2, 1)
    assert loaded.rejected == {
        "trades of other roots": 1,
        "lines whose price is not a number": 2,
        "lines whose size is not a number": 1,
        "lines whose conditions are not numbers": 1,
        "trades outside retention": 2,
        "not a price": 1,
        "not an option contract ticker": 2,
        "lines with a wrong number of fields": 1,
    }
    assert DeadLetter.objects.count() == 1


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize("block", [1, 150, 10_000])
def test_size_of_blocks_and_batches_does_not_change_the_rows(write_file, monkeypatch, batch, block):
    monkeypatch.setattr(flat_file, "BLOCK_BYTES", block)
    monkeypatch.setattr(flat_file, "BATCH_TRADES", batch)
    lines = [*[line()] * 12, line(PUT, size="30"), line(PUT, AT + 9, size="11")]
    loaded = read_file(write_file(*lines))
    assert (loaded.lines, loaded.stored) == (14, 14)
    assert rows() == [*((CALL, -n, 25) for n in range(12, 0, -1)), (PUT, -1, 30), (PUT, -1, 11)]


def test_different_trades_of_a_millisecond_are_stored_once_each(write_file):
    lines = [line(), line(price="1.05"), line(exchange="313"), line()]
    assert read_file(write_file(*lines[:2])).stored == 2
    assert read_file(write_file(*lines)).stored == 2
    assert read_file(write_file(*lines[::-1])).stored == 0
    assert [number for _, number, _ in rows()] == [-6, -5, -2, -1]


@pytest.mark.parametrize("block", [60, 10_000])
def test_block_may_contain_no_trade_of_the_selected_roots(write_file, monkeypatch, block):
    monkeypatch.setattr(flat_file, "BLOCK_BYTES", block)
    others = [line(ticker="O:AAPL261218C00250000")] * 3
    loaded = read_file(write_file(*others, line(), *others, "O:SPXW261218C06500000,209"))
    assert (loaded.stored, loaded.rejected["trades of other roots"]) == (1, 6)
    assert read_file(write_file("O:SPXW261218C06500000,209", *others)).rejected.total() == 4
    assert read_file(write_file()).lines == 0


def test_loading_a_file_again_changes_nothing(write_file):
    path = write_file(line(), line(), line(at_ms=AT + 1))
    assert [read_file(path).stored, read_file(path).stored] == [3, 0]
    assert len(rows()) == 3


def test_only_trades_missing_from_the_stream_are_stored(write_file):
    live = {"timestamp_ms": AT, "size": 25, "price": 1.10}
    process(make_batch(live | {"sequence_number": 7}, live | {"sequence_number": 9, "condition": 227}))
    loaded = read_file(write_file(line(), line(), line(conditions="227"), line(conditions="219")))
    assert loaded.stored == 2
    assert [number for _, number, _ in rows()] == [-4, -2, 7, 9]


def test_trade_of_the_file_is_not_stored_again_from_rest(write_file, provider):
    read_file(write_file(line(), line(at_ms=AT + 5)))
    provider.tell(f"/v3/trades/{CALL}", page(rest_trade(AT), rest_trade(AT + 7, sequence_number=101)))
    provider.tell(f"/v3/quotes/{CALL}", page())
    assert backfill_flow("SPX", date(2026, 11, 17), [CALL], client_of(provider), clock.now_ms()).stored == 1
    assert [number for _, number, _ in rows()] == [-1, -1, 101]


def test_file_of_another_layout_is_rejected_with_one_sentence(write_file):
    sentence = "trades.csv.gz: not a flat file of trades: missing columns: price, sip_timestamp, size."
    with pytest.raises(NoFlatFile, match=f"^{sentence}$"):
        read_file(write_file("O:X,1", header="ticker,volume,conditions,exchange"))


def test_file_not_sorted_by_contract_is_rejected(write_file, monkeypatch):
    monkeypatch.setattr(flat_file, "BATCH_TRADES", 1)
    monkeypatch.setattr(flat_file, "BLOCK_BYTES", 60)
    with pytest.raises(NoFlatFile, match=f"the lines of {CALL} are not contiguous; sort the file by ticker"):
        read_file(write_file(line(), line(PUT), line(PUT), line()))


def test_rows_before_the_damage_of_a_file_stay_stored(write_file, monkeypatch):
    monkeypatch.setattr(flat_file, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(flat_file, "BATCH_TRADES", 1)
    path = write_file(
        *[line(at_ms=AT + n) for n in range(50)], *[line(PUT, AT + 131 * n * n) for n in range(90)]
    )
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(NoFlatFile, match=r"trades.csv.gz cannot be read to its end"):
        read_file(path)
    assert {ticker for ticker, *_ in rows()} == {CALL}


def test_progress_reports_bytes_and_counts(write_file):
    calls = []
    path = write_file(line(), line(PUT))
    read_file(path, progress=lambda read, loaded: calls.append((read, loaded.lines)))
    assert calls[-1] == (path.stat().st_size, 2)


def test_adjusted_contracts_of_the_selected_roots_are_stored(write_file):
    add_default_symbols(["AMD"])
    adjusted, standard, other = (f"O:{root}261218C00100000" for root in ("AMD1", "AMD", "AMDX"))
    add_greeks(AT - 15 * 60_000, adjusted, symbol="AMD", multiplier=150)
    add_gamma(AT - 60_000, symbol="AMD", underlying_price=150)
    loaded = read_file(write_file(*(line(ticker) for ticker in (standard, adjusted, other))), ["AMD"])
    assert (loaded.trades, loaded.rejected) == (2, {"trades of other roots": 1})
    found = OptionsFlow.objects.order_by("contract_ticker")
    assert list(
        found.values_list("symbol", "contract_ticker", "multiplier", "premium", "underlying_price")
    ) == [
        ("AMD", adjusted, 150, Decimal("4125"), 150),  # 1.10 x 25 x 150
        ("AMD", standard, 100, Decimal("2750"), 150),
    ]
