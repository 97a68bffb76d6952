"""`manage.py refetch_bars`: bars from before `is_adjusted` are marked, or fetched again as traded."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from ingestion.bars import refetch
from ingestion.bars.bar_times import midnight_ms, open_ms
from ingestion.daily import corporate_actions
from tests.ingestion.stored import bar
from tests.provider.server import ok, refusal
from tests.warehouse.rows import add_bar
from warehouse.models import HistoricalBar, SupersededRow

pytestmark = pytest.mark.database

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)
SPLITS = "/v3/reference/splits"
DAYS = f"/v2/aggs/ticker/AAPL/range/1/day/{MONDAY}/{TUESDAY}"


@pytest.fixture(autouse=True)
def provider_of_all(spx, connect, monkeypatch) -> None:
    """Let the command use the scripted provider, on the afternoon of Wednesday."""
    for function in (corporate_actions.fetch_splits, refetch.refetch):
        monkeypatch.setattr(function, "__defaults__", (connect,))


def run() -> list[str]:
    output = io.StringIO()
    call_command("refetch_bars", stdout=output)
    return output.getvalue().splitlines()


def add(
    symbol: str, start_ms: int, price: float, timeframe: str = "1d", is_adjusted: bool | None = None
) -> None:
    prices = dict.fromkeys(("open", "high", "low", "close"), price)
    add_bar(start_ms, symbol=symbol, timeframe=timeframe, volume=40.0, is_adjusted=is_adjusted, **prices)


def list_split(provider) -> None:
    row = {"ticker": "AAPL", "execution_date": str(WEDNESDAY), "split_from": 1, "split_to": 4}
    later = {"ticker": "SPY", "execution_date": "2026-11-19", "split_from": 1, "split_to": 2}
    provider.tell(SPLITS, ok({"results": [row, later]}))


def stored(symbol: str) -> list[tuple[str, float, bool | None]]:
    rows = HistoricalBar.objects.filter(symbol=symbol).order_by("timeframe", "timestamp")
    return [(row.timeframe, float(row.close), row.is_adjusted) for row in rows]


def test_adjusted_bars_are_replaced_and_others_marked(provider):
    list_split(provider)
    add("SPY", midnight_ms(TUESDAY), 500.0)  # its split is announced only
    add("AAPL", midnight_ms(MONDAY), 99.0)
    add("AAPL", midnight_ms(TUESDAY), 100.0)
    add("AAPL", midnight_ms(WEDNESDAY), 101.0)
    add("AAPL", midnight_ms(MONDAY), 100.0, "1w")
    days = [
        bar(midnight_ms(day), 400, 404, 396, close, 10.0) for day, close in ((MONDAY, 396), (TUESDAY, 400))
    ]
    provider.tell(DAYS, ok({"results": days}))
    assert run() == [
        "2 bars without a later split",
        "AAPL 1d: 2 bars replaced",
        "AAPL 1w: 1 bars replaced",
    ]
    assert "adjusted=false" in provider.requests[-1].query
    assert stored("SPY") == [("1d", 500.0, False)]
    assert stored("AAPL") == [
        ("1d", 396.0, False),
        ("1d", 400.0, False),
        ("1d", 101.0, False),
        ("1w", 101.0, False),
    ]
    week = HistoricalBar.objects.get(timeframe="1w")
    assert (week.open, week.high, week.low, week.volume) == (100, 101, 99, 120.0)  # per share of its end
    former = SupersededRow.objects.filter(table_name="historical_bars").values_list("row__close", flat=True)
    assert sorted(former) == [99.0, 100.0, 100.0]
    assert run() == ["0 bars without a later split"]


def test_bars_that_the_provider_no_longer_has_stay_marked_as_unknown(provider):
    list_split(provider)
    add("AAPL", midnight_ms(MONDAY), 99.0)
    add("AAPL", midnight_ms(TUESDAY), 100.0)
    add("AAPL", midnight_ms(MONDAY), 100.0, "1w")
    provider.tell(DAYS, ok({"results": [bar(midnight_ms(TUESDAY), 400, 400, 400, 400, 10.0)]}))
    assert run()[1:] == [
        "AAPL 1d: 1 bars replaced",
        "AAPL 1w: 0 bars replaced; some bars that they are summed from were not replaced",
    ]
    assert stored("AAPL") == [("1d", 99.0, None), ("1d", 400.0, False), ("1w", 100.0, None)]


def test_many_bars_are_replaced_in_parts(provider, monkeypatch):
    list_split(provider)
    monkeypatch.setattr(refetch, "_TOGETHER", 1)
    minutes = [open_ms(TUESDAY) + 60_000 * number for number in range(3)]
    for start_ms in minutes:
        add("AAPL", start_ms, 100.0, "1m")
    path = f"/v2/aggs/ticker/AAPL/range/1/minute/{TUESDAY}/{TUESDAY}"
    provider.tell(path, ok({"results": [bar(start_ms, 400, 400, 400, 400, 10.0) for start_ms in minutes]}))
    assert run()[1:] == ["AAPL 1m: 3 bars replaced"]


def test_a_plan_without_the_bars_is_said(provider):
    list_split(provider)
    add("AAPL", midnight_ms(TUESDAY), 100.0)
    path = f"/v2/aggs/ticker/AAPL/range/1/day/{TUESDAY}/{TUESDAY}"
    provider.tell(path, refusal(403, {"message": "Upgrade."}))
    (_, said) = run()
    assert said.startswith("AAPL 1d: 0 bars replaced; ")
    assert "Upgrade." in said


def test_without_splits_nothing_is_marked(provider):
    provider.tell(SPLITS, refusal(403, {"message": "Upgrade."}))
    add("AAPL", midnight_ms(TUESDAY), 100.0)
    with pytest.raises(CommandError, match="The splits of the bars are unknown"):
        run()
    assert stored("AAPL") == [("1d", 100.0, None)]
