"""Report of `make demo`: the newest chain of every symbol, in the format that programs read."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from local.launch.gamma_picture import gamma_picture, money
from tests.flow.trades import NOON_MS, PUT, make_batch, process
from tests.ingestion.market import CALL_GAMMA, CHAIN_PATH, PUT_GAMMA, SLOT_MS, two_contracts
from tests.provider.server import ok
from warehouse import clock


def test_money_is_formatted_with_sign_and_unit():
    assert [money(value) for value in (-1.08e9, 35_200_000.0, 410_000.0, 12.0, None)] == [
        "-$1.08bn",
        "$35.20M",
        "$410.00k",
        "$12",
        "-",
    ]


def test_the_chart_labels_the_band_of_each_level():
    picture = gamma_picture({6500.0: 5.0, 6400.0: -2.5}, 6510.0, {"flip": 6420.0, "support": None}).plain
    lines = {line.split()[0]: line for line in picture.splitlines()}
    assert "◀ spot" in lines["6,500.0"]
    assert "◀ flip" in lines["6,400.0"]
    assert lines["6,500.0"].count("█") == 2 * lines["6,400.0"].count("█") == 24


@pytest.mark.database
def test_the_report_contains_the_values_of_the_newest_chain(spx, provider):
    from ingestion.chains.ingest import ingest_chain
    from local.launch.report import collect, show

    provider.tell(CHAIN_PATH, ok(two_contracts()))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    report = collect([], clock.now_ms())
    figures = report["symbols"]["SPX"]
    assert report["errors"] == []
    assert report["tables"]["historical_greeks"] == 2
    assert (figures["contracts"], figures["rejected"], figures["spot"]) == (2, 0, 6500.0)
    assert (figures["provider_greeks"], figures["computed_greeks"], figures["no_greeks"]) == (2, 0, 0)
    assert figures["call_gamma"] == pytest.approx(CALL_GAMMA, rel=1e-12)
    assert figures["put_gamma"] == pytest.approx(PUT_GAMMA, rel=1e-12)
    assert figures["total_gamma_provider_greeks"] == pytest.approx(CALL_GAMMA + PUT_GAMMA, rel=1e-12)
    assert set(figures["milliseconds"]) == {"fetch", "check", "compute", "gamma", "store"}

    output = StringIO()
    show(report, Console(width=160, file=output))
    assert "SHORT_GAMMA" in output.getvalue()


@pytest.mark.database
@pytest.mark.usefixtures("at_noon")
def test_the_report_counts_sweeps_of_several_trades_once():
    from local.launch.report import collect, show

    iso = {"condition": 219}
    process(
        make_batch(
            {"timestamp_ms": NOON_MS - 10_000, "size": 600},
            iso | {"timestamp_ms": NOON_MS - 8_000},
            iso | {"timestamp_ms": NOON_MS - 6_000, "contract_ticker": PUT},
            {"timestamp_ms": NOON_MS - 4_000, "price": 1.10, "exchange": 302},
            {"timestamp_ms": NOON_MS - 4_000, "price": 1.10, "exchange": 313},
            {"timestamp_ms": NOON_MS - 3_999, "price": 1.10, "exchange": 304},
            {"timestamp_ms": NOON_MS - 2_000, "condition": 201, "size": 600},
        )
    )
    report = collect([], NOON_MS)
    assert report["trades"] == {"SPX": {"trades": 6, "sweeps": 3, "blocks": 1}}
    assert collect([], NOON_MS - 10_001)["trades"] == {"SPX": {"trades": 0, "sweeps": 0, "blocks": 0}}

    output = StringIO()
    show(report, Console(width=160, file=output))
    (line,) = [line for line in output.getvalue().splitlines() if "SPX" in line]
    assert line.replace("│", " ").split() == ["SPX", "6", "3", "1"]
