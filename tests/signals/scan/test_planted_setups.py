"""Setups that the simulator plants, through stored bars to signals and their ends, against the simulator's list."""

from __future__ import annotations

import datetime as dt

import pytest

from ingestion.bars.historical_bars import ensure_bars
from quant import sessions
from quant.market.outcome_kinds import ENDS
from signals import market_view
from signals.scan.found import FoundSignal
from signals.scan.paths import session_path
from signals.scan.scan import scan_session
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from tests.simulator.servers import SEED, Server, offset_ms, simulator
from warehouse import clock
from warehouse.watchlist import add_default_symbols

EVENING = dt.datetime(2026, 3, 12, 21, 0, tzinfo=dt.UTC)  # after the close
DAYS = sessions.sessions(dt.date(2026, 2, 13), dt.date(2026, 3, 12))
HISTORY = dt.date(2025, 12, 15)
SYMBOLS = ("SPY", "QQQ", "IWM")


@pytest.fixture
def scanned(at_market_time, settings):  # noqa: F811
    """Return a function that stores the bars of a simulator with some options and returns view, signals and truth."""
    settings.SIMULATED = True

    def scan(*options: str) -> tuple[market_view.MarketView, list[tuple[dt.date, FoundSignal]], list[dict]]:
        at_market_time(EVENING)
        add_default_symbols(SYMBOLS)
        with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset_ms(EVENING)), *options) as server:
            settings.MASSIVE_BASE_URL = server.base_url
            for symbol in SYMBOLS:
                for frame, first in (("15m", HISTORY), ("1m", DAYS[0])):
                    ensure_bars(symbol, frame, first, DAYS[-1], clock.now_ms(), is_history=True)
            truth = setups(server)
        first_ms = clock.epoch_ms(sessions.open_of(DAYS[0]))
        view = market_view.read(SYMBOLS, first_ms, clock.now_ms())
        found = [
            (day, signal)
            for day in DAYS
            for symbol in SYMBOLS
            for signal in scan_session(view, symbol, day).signals
            if signal.detector.rule.family == "breakout"
        ]
        return view, found, truth

    yield scan
    drop_partitions()


def setups(server: Server) -> list[dict]:
    """Return the planted setups of indices, of which the watched ETFs follow each."""
    rows = server.get("/simulator/intraday/setups", first=str(DAYS[0]), last=str(DAYS[-1])).json()["results"]
    return [row | {"symbol": row["symbols"][1]} for row in rows if len(row["symbols"]) == 2]


def end_of(view: market_view.MarketView, day: dt.date, signal: FoundSignal) -> str:
    return ENDS[int(session_path(view, signal.symbol, day).outcomes([signal]).end[0])]


def test_every_planted_setup_is_found_and_ends_as_planted(scanned) -> None:
    view, found, truth = scanned("--setups", "--win-rate", "0.6")
    assert len(truth) == len(DAYS) == 19
    sides = {(row["symbol"], row["bar_end"]): 1 if row["direction"] == "LONG" else -1 for row in truth}
    ends = {(row["symbol"], row["bar_end"]): "TARGET_HIT" if row["wins"] else "STOPPED" for row in truth}
    planted = [(day, one) for day, one in found if (one.symbol, one.bar_end) in sides]
    assert {(one.symbol, one.bar_end): one.direction for _, one in planted} == sides
    risks = {(row["symbol"], row["bar_end"]): abs(row["close"] - row["stop"]) / row["close"] for row in truth}
    found_risks = {
        (one.symbol, one.bar_end): abs(one.reference - one.stop) / one.reference for _, one in planted
    }
    assert found_risks == pytest.approx(risks, rel=0.02)
    assert {(one.symbol, one.bar_end): end_of(view, day, one) for day, one in planted} == ends


def test_without_the_option_nothing_is_planted_and_noise_is_rarely_found(scanned) -> None:
    _, found, truth = scanned()
    assert truth == []
    planted_ends = dt.time(12, 45)
    times = [clock.instant(one.bar_end).astimezone(sessions.NEW_YORK).time() for _, one in found]
    assert planted_ends not in times
    assert len(found) <= 5  # 60 sessions of three symbols that follow one market
