"""Recorded quote tables: headers of several years, numbers unchanged, one-sentence errors for other files."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import pytest

from simulator.__main__ import main as serve
from simulator.recorded.dividend_file import NotAQuoteTable
from simulator.recorded.quote_table import main, read
from simulator.rest.plans import plan
from simulator.world import World, recording_offset_ms
from tests.simulator.servers import InProcess

HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)
ROWS = (
    'Fri Sep 15 2023,SPX230915C04500000,8.1,1.5,8,8.3,"1,204",0,0.52,0.0071,911,4500.00,'
    "SPX230915P04500000,7.9,-12.1,7.7,8.1,3301,0.1243,-0.48,0.0069,2044",
    "Fri Sep 15 2023,SPXW230915C04525500,0,0,0,0.05,0,0,0,0,0,4525.50,"
    "SPXW230915P04525500,21.3,0,0,0,12,0.09,-0.8,0,7",
)
PREAMBLE = (
    "",
    "Standard & Poors 500 Index,Last: 4505.1001,Change:  37.6601",
    '"Date: September 14, 2023 at 4:31 PM EDT",Bid: 4483.25,Ask: 4526.27,Size: 1*1,Volume: 0',
)


def write(
    path: Path, *, preamble: tuple[str, ...] = PREAMBLE, rows: tuple[str, ...] = ROWS, end: str = "\n"
) -> Path:
    file = path / "quotes.csv"
    file.write_bytes((end.join((*preamble, HEADER, *rows)) + end).encode())
    return file


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    recording = read(write(tmp_path_factory.mktemp("recorded")))
    offset = recording_offset_ms(recording, dt.datetime.now(dt.UTC))
    world = World(7, plan("advanced"), offset, recording)
    return InProcess(world)


def test_the_numbers_of_the_file_are_served_unchanged(client: InProcess) -> None:
    rows = {
        row["details"]["ticker"]: row for row in client.get("/v3/snapshot/options/I:SPX").json()["results"]
    }

    assert list(rows) == [
        "O:SPX230915C04500000",
        "O:SPX230915P04500000",
        "O:SPXW230915C04525500",
        "O:SPXW230915P04525500",
    ]
    call, put, quiet, one_sided = rows.values()
    assert call["implied_volatility"] == 0
    assert call["greeks"] == {"delta": 0.52, "gamma": 0.0071}
    assert (call["last_quote"]["bid"], call["last_quote"]["ask"]) == (8, 8.3)
    assert (call["day"]["volume"], call["day"]["close"], call["open_interest"]) == (1204, 8.1, 911)
    assert (put["implied_volatility"], put["greeks"]["gamma"], put["open_interest"]) == (0.1243, 0.0069, 2044)
    assert quiet["day"] == {}
    assert "last_trade" not in quiet
    assert (quiet["details"]["strike_price"], quiet["open_interest"]) == (4525.5, 0)
    assert one_sided["greeks"]["gamma"] == 0
    assert (one_sided["last_quote"]["bid"], one_sided["last_quote"]["ask"]) == (0, 0)
    assert {row["underlying_asset"]["value"] for row in rows.values()} == {4505.1001}
    assert {row["underlying_asset"]["last_updated"] for row in rows.values()} == {1694723460_000_000_000}


def test_the_other_symbols_are_served_on_the_same_date(client: InProcess) -> None:
    status = client.get("/v1/marketstatus/now").json()
    spx = client.get("/v3/snapshot/indices?ticker.any_of=I:SPX").json()["results"][0]
    bar = client.get("/v2/aggs/ticker/I:SPX/range/1/day/2023-09-14/2023-09-14").json()["results"][0]
    spy = client.get("/v3/snapshot/options/SPY?limit=1").json()["results"][0]
    contracts = client.get("/v3/reference/options/contracts?underlying_ticker=SPX").json()["results"]

    # The stamp is 16:31, after the session, so the clock is at its close.
    assert status["serverTime"].startswith("2023-09-14T16:00:0")
    assert spx["value"] == 4505.1001
    assert bar["c"] == 4505.1
    assert spy["details"]["expiration_date"] == "2023-09-14"
    assert spy["underlying_asset"]["price"] == pytest.approx(450.5, rel=0.02)
    assert len(contracts) == 4


@pytest.mark.parametrize(
    ("first", "date", "instant"),
    [
        ("", '"Date: September 14, 2023 at 4:31 PM EDT",Bid: 1', "2023-09-14T20:31"),
        ("SPX quotes", "Date: February 5 2022, 8:09 PM EST,Bid: 1", "2022-02-06T01:09"),
        ("", '"June 11, 2022, 8:47 PM EDT",Bid: 1,"Volume: 71,039,449"', "2022-06-12T00:47"),
    ],
)
def test_headers_of_several_years_are_read(tmp_path: Path, first: str, date: str, instant: str) -> None:
    names = (first, "^SPX (S&P 500 INDEX),Last: 4505.1001,Change: 1", date)
    recording = read(write(tmp_path, preamble=names))

    assert recording.stamp == dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)
    assert (recording.symbol, recording.spot, len(recording.contracts)) == ("SPX", 4505.1001, 4)


def test_a_byte_order_mark_windows_line_ends_and_old_dates_are_read(tmp_path: Path) -> None:
    rows = tuple(row.replace("Fri Sep 15 2023", "09/15/2023") for row in ROWS)
    file = write(tmp_path, preamble=("\ufeff" + PREAMBLE[1], *PREAMBLE[2:]), rows=rows, end="\r\n")

    assert read(file).contracts[0].expiration == dt.date(2023, 9, 15)


def test_adjusted_roots_belong_to_their_underlying(tmp_path: Path) -> None:
    rows = tuple(row.replace("SPXW", "AMD1").replace("SPX2", "AMD2") for row in ROWS)
    recording = read(write(tmp_path, rows=rows))

    assert (recording.symbol, recording.roots) == ("AMD", ["AMD", "AMD1"])


def test_stamp_prints_the_summary_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write(tmp_path)), "--stamp"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "symbol": "SPX",
        "stamp_ms": 1694723460000,
        "contracts": 4,
        "spot": 4505.1001,
        "roots": ["SPX", "SPXW"],
    }


@pytest.mark.parametrize(
    ("preamble", "rows", "sentence"),
    [
        (PREAMBLE, (), "contains no contracts"),
        (PREAMBLE, (ROWS[0], "Fri Sep 15 2023,SPX"), "line 6: the row has 2 columns instead of 22"),
        (PREAMBLE, (ROWS[0].replace("0.0071", "n/a"),), "line 5: 'n/a' is not a number"),
        (PREAMBLE, (ROWS[0].replace("0.0071", "nan"),), "line 5: 'nan' is not a number"),
        (
            PREAMBLE,
            (ROWS[0].replace("4500.00", "4510.00"),),
            "line 5: SPX230915C04500000 does not match its row",
        ),
        (
            PREAMBLE,
            (ROWS[0].replace("Fri Sep 15", "Smarch 13"),),
            "line 5: 'Smarch 13 2023' is not an expiration",
        ),
        (PREAMBLE, (ROWS[0], ROWS[1].replace("SPXW", "QQQ")), "options on several underlyings: QQQ, SPX"),
        (PREAMBLE[:2], ROWS, "contains no date"),
        (PREAMBLE[2:], ROWS, "contains no last price"),
    ],
)
def test_other_files_are_rejected_with_one_sentence(
    tmp_path: Path, preamble: tuple[str, ...], rows: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(NotAQuoteTable) as refused:
        read(write(tmp_path, preamble=preamble, rows=rows))

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot read"),
        (b"", "is empty"),
        (b"\xff\xfe\x00\x80", "is not a text file"),
        (b"a,b\n1,2\n", "no line begins"),
    ],
)
def test_the_server_exits_with_status_two_for_other_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    sentence: str,
) -> None:
    file = tmp_path / "other.csv"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["simulator", "--chain", str(file)])

    assert serve() == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert sentence in output.err
    assert output.err.count("\n") == 1
