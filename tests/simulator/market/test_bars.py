"""Bars: longer bars aggregate shorter ones, and time stamps are those of the provider."""

from __future__ import annotations

import datetime as dt

import pytest
from massive import RESTClient

from quant.sessions import NEW_YORK, sessions
from tests.simulator.servers import Server

DAY = "2026-03-11"


def _bars(server: Server, ticker: str, window: str, first: str = DAY, last: str = DAY) -> list[dict]:
    path = f"/v2/aggs/ticker/{ticker}/range/{window}/{first}/{last}"
    return server.get(path).json().get("results", [])


def _joined(bars: list[dict]) -> dict:
    joined = {"o": bars[0]["o"], "h": max(b["h"] for b in bars), "l": min(b["l"] for b in bars)}
    volume = {"v": sum(b["v"] for b in bars), "n": sum(b["n"] for b in bars)} if "v" in bars[0] else {}
    return joined | {"c": bars[-1]["c"]} | volume


@pytest.mark.parametrize("ticker", ["I:SPX", "I:VIX", "SPY", "ZAAB", "O:SPY260320C00660000"])
@pytest.mark.parametrize("window", ["5/minute", "15/minute", "1/hour", "1/day"])
def test_longer_bars_are_aggregates_of_minute_bars(server: Server, ticker: str, window: str) -> None:
    minutes, longer = _bars(server, ticker, "1/minute"), _bars(server, ticker, window)

    assert longer
    starts = [bar["t"] for bar in longer] + [longer[-1]["t"] + 86_400_000]
    for bar, start, end in zip(longer, starts, starts[1:], strict=False):
        expected = _joined([m for m in minutes if start <= m["t"] < end])
        assert {name: bar[name] for name in expected} == expected


def test_index_bars_have_prices_and_times_only(server: Server) -> None:
    assert {tuple(sorted(bar)) for bar in _bars(server, "I:SPX", "1/minute")} == {("c", "h", "l", "o", "t")}
    assert len(_bars(server, "I:SPX", "1/minute")) == 390


def test_daily_bars_of_past_sessions_are_stamped_at_midnight(massive: RESTClient) -> None:
    bars = list(massive.list_aggs("I:VIX", 1, "day", "2024-12-01", "2026-03-11", limit=50_000))
    instants = [dt.datetime.fromtimestamp(bar.timestamp / 1000, NEW_YORK) for bar in bars]

    assert [instant.date() for instant in instants] == sessions(dt.date(2024, 12, 1), dt.date(2026, 3, 11))
    assert {instant.time() for instant in instants} == {dt.time()}
    assert len(bars) > 300


def test_pages_of_bars_join_to_the_whole_range(massive: RESTClient) -> None:
    whole = massive.get_aggs("SPY", 15, "minute", DAY, DAY, limit=50_000)
    paged = list(massive.list_aggs("SPY", 15, "minute", DAY, DAY, limit=100))
    backwards = list(massive.list_aggs("SPY", 15, "minute", DAY, DAY, limit=100, sort="desc"))

    assert len(whole) == 26
    assert paged == whole
    assert backwards == whole[::-1]


def test_the_next_url_of_bars_starts_after_the_last_bar(server: Server) -> None:
    page = server.get(f"/v2/aggs/ticker/SPY/range/1/minute/{DAY}/{DAY}", limit=60).json()

    assert page["queryCount"] == page["resultsCount"] == 60
    next_start = page["results"][-1]["t"] + 60_000
    assert f"/range/1/minute/{next_start}/{DAY}?cursor=" in page["next_url"]


def test_a_range_without_trades_has_no_results(server: Server) -> None:
    sunday = server.get("/v2/aggs/ticker/SPY/range/1/minute/2026-03-08/2026-03-08").json()

    assert sunday["resultsCount"] == 0
    assert "results" not in sunday


def test_option_minutes_without_trades_have_no_bar(server: Server) -> None:
    chain = server.walk("/v3/snapshot/options/SPY", expiration_date="2026-03-20", limit=250)
    quiet = next(row["details"]["ticker"] for row in chain if 20 <= row["day"].get("volume", 0) <= 60)
    bars = _bars(server, quiet, "1/minute", "2026-03-12", "2026-03-12")

    assert 0 < len(bars) < 100
    assert all(bar["v"] > 0 and bar["l"] <= bar["vw"] <= bar["h"] for bar in bars)


def test_bars_of_an_early_close_end_at_one(server: Server) -> None:
    bars = _bars(server, "I:SPX", "1/minute", "2025-11-28", "2025-11-28")

    assert len(bars) == 210


def test_previous_and_grouped_bars_are_stamped_at_four(server: Server, massive: RESTClient) -> None:
    previous = server.get("/v2/aggs/ticker/SPY/prev").json()["results"][0]
    grouped = {bar.ticker: bar for bar in massive.get_grouped_daily_aggs(DAY)}
    day = _bars(server, "SPY", "1/day")[0]

    four = int(dt.datetime(2026, 3, 11, 16, tzinfo=NEW_YORK).timestamp() * 1000)
    assert previous["t"] == grouped["SPY"].timestamp == four
    assert previous["T"] == "SPY"
    assert previous["c"] == day["c"] == grouped["SPY"].close
    assert len(grouped) > 300
    assert massive.get_daily_open_close_agg("SPY", DAY).close == day["c"]


def test_bars_of_the_current_session_end_now(server: Server) -> None:
    bars = _bars(server, "SPY", "1/minute", "2026-03-12", "2026-03-12")

    assert 115 <= len(bars) <= 125
