"""Cash dividends beside a recorded chain: served for its symbol only, one-sentence errors for other files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from simulator.recorded.dividend_file import NotAQuoteTable, dividends_beside
from simulator.recorded.quote_table import read
from simulator.rest.plans import plan
from simulator.world import World, recording_offset_ms
from tests.simulator.recorded.test_quote_table import ROWS, write
from tests.simulator.servers import InProcess

CONTENT = "ex_date,cash_amount,declaration_date\n2023-12-15,1.906,2023-12-08\n2023-09-15,1.583,\n"


def _served(path: Path, content: str | None = CONTENT) -> InProcess:
    rows = tuple(row.replace("SPXW", "SPY").replace("SPX", "SPY") for row in ROWS)
    chain = write(path, rows=rows)
    if content is not None:
        (path / "quotes.dividends.csv").write_text(content)
    recording = read(chain)
    offset = recording_offset_ms(recording, dt.datetime.now(dt.UTC))
    return InProcess(World(7, plan("advanced"), offset, recording))


def test_declared_dividends_of_the_file_are_served(tmp_path: Path) -> None:
    client = _served(tmp_path)
    rows = client.get("/v3/reference/dividends?ticker=SPY&limit=1000").json()["results"]

    # The clock is at September 14, 2023: that of December is not declared yet.
    assert [{name: row[name] for name in row if name != "id"} for row in rows] == [
        {
            "ticker": "SPY",
            "cash_amount": 1.583,
            "currency": "USD",
            "dividend_type": "CD",
            "ex_dividend_date": "2023-09-15",
            "declaration_date": "2023-09-13",  # not in the file: the day before the recording
        }
    ]


def test_without_a_file_the_recorded_symbol_has_no_dividends(tmp_path: Path) -> None:
    client = _served(tmp_path, None)
    found = client.get("/v3/reference/dividends?limit=1000").json()["results"]

    assert "SPY" not in {row["ticker"] for row in found}
    assert "QQQ" in {row["ticker"] for row in found}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"date,amount\n", "has no columns ex_date, cash_amount"),
        (b"", "has no columns ex_date, cash_amount"),
        (b"ex_date,cash_amount\n2023-13-01,1\n", "line 2: month must be in 1..12"),
        (b"ex_date,cash_amount\n2023-09-15,1\n2023-12-15,x\n", "line 3: could not convert string"),
        (b"ex_date,cash_amount\n2023-09-15,-1\n", "line 2: '-1' is not an amount of dollars"),
        (b"ex_date,cash_amount\n2023-09-15\n", "line 2: could not convert string"),
        (b"\xff\xfe", "cannot read"),
    ],
)
def test_an_unreadable_file_gives_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "quotes.dividends.csv").write_bytes(content)
    with pytest.raises(NotAQuoteTable) as refused:
        dividends_beside(tmp_path / "quotes.csv")

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
