"""A recorded chain of an index that is not simulated is served with snapshot, bars and contracts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from simulator.recorded.quote_table import read
from simulator.rest.plans import plan
from simulator.universe.indices import INDICES
from simulator.world import World, recording_offset_ms
from tests.simulator.recorded.test_quote_table import ROWS, write
from tests.simulator.servers import SEED, InProcess, offset_ms


def _served(path: Path, symbol: str, weekly: str) -> InProcess:
    rows = tuple(row.replace("SPXW", weekly).replace("SPX2", f"{symbol}2") for row in ROWS)
    recording = read(write(path, rows=rows))
    assert recording.symbol == symbol
    offset = recording_offset_ms(recording, dt.datetime.now(dt.UTC))
    return InProcess(World(SEED, plan("advanced"), offset, recording))


@pytest.mark.parametrize(
    ("symbol", "weekly", "style"),
    [
        ("XSP", "XSP", "european"),
        ("OEX", "OEXW", "american"),
        ("XEO", "XEOW", "european"),
        ("MXEF", "MXEF", "european"),
        ("MRUT", "MRUT", "european"),
        ("DJX", "DJX", "european"),
    ],
)
def test_a_recorded_index_is_served_completely(tmp_path: Path, symbol: str, weekly: str, style: str) -> None:
    client = _served(tmp_path, symbol, weekly)
    ticker = f"I:{symbol}"
    chain = client.get(f"/v3/snapshot/options/{ticker}").json()["results"]
    index = client.get(f"/v3/snapshot/indices?ticker.any_of={ticker}").json()["results"][0]
    universal = client.get(f"/v3/snapshot?ticker.any_of={ticker}").json()["results"][0]
    bars = client.get(f"/v2/aggs/ticker/{ticker}/range/1/day/2023-09-13/2023-09-14").json()["results"]
    contracts = client.get(f"/v3/reference/options/contracts?underlying_ticker={symbol}").json()["results"]
    contract = client.get(f"/v2/aggs/ticker/{contracts[0]['ticker']}/range/1/day/2023-09-13/2023-09-14")

    assert len(chain) == len(contracts) == 4
    assert {row["underlying_asset"]["value"] for row in chain} == {4505.1001}
    assert {row["details"]["exercise_style"] for row in chain} == {style}
    assert {row["exercise_style"] for row in contracts} == {style}
    assert {row["cfi"][2:] for row in contracts} == {"AICS" if style == "american" else "EICS"}
    assert index["value"] == universal["value"] == 4505.1001
    assert index["name"] == INDICES[symbol].name
    assert [set(bar) for bar in bars] == [{"o", "h", "l", "c", "t"}] * 2
    assert bars[-1]["c"] == 4505.1
    assert contract.json()["resultsCount"] == 0


def test_an_index_without_a_recorded_chain_is_unknown() -> None:
    client = InProcess(World(SEED, plan("advanced"), offset_ms()))

    assert client.get("/v3/snapshot/options/I:XSP").status_code == 404
    assert client.get("/v2/aggs/ticker/I:XSP/range/1/day/2026-03-02/2026-03-03").status_code == 404
    assert client.get("/v3/snapshot/indices?ticker.any_of=I:XSP").json()["results"][0]["error"] == "NOT_FOUND"
