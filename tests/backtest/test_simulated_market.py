"""A simulated market with a planted advantage, and its bars in a random order, through the whole backtest."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from backtest import run, store
from backtest.request import Request
from tests.backtest.simulated_bars import EVENING, LAST, SYMBOLS, store_bars
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from warehouse import clock

HISTORY, FIRST = dt.date(2025, 6, 27), dt.date(2026, 1, 5)
BREAKOUTS = ("breakout_bullish", "breakout_bearish")


@pytest.fixture
def tested(at_market_time, settings):  # noqa: F811
    """Return a function that stores the bars of a simulated market and returns the results of backtests of it."""
    settings.SIMULATED = True

    def test(options: tuple[str, ...], *requests: Request) -> list[dict]:
        at_market_time(EVENING)
        store_bars(settings, options, HISTORY, FIRST)
        return [result_of(request) for request in requests]

    yield test
    drop_partitions()


def result_of(request: Request) -> dict:
    backtest = store.create(request, "test", clock.now_ms())
    for symbol in run.start(backtest, clock.now_ms()):
        run.run_symbol(backtest.id, symbol, clock.now_ms)
    assert run.finish(backtest.id, clock.now_ms())
    backtest.refresh_from_db()
    return backtest.result


def detectors(result: dict) -> dict[str, dict]:
    return {row["detector"]: row for row in result["populations"]["firings"]["detectors"]}


REQUEST = Request(SYMBOLS, BREAKOUTS, FIRST, LAST, minimum=0.0, chance_entries=100)


def test_a_planted_advantage_is_found_and_bars_in_a_random_order_have_none(tested):
    shuffled = replace(REQUEST, shuffled=True, one_at_a_time=False)
    found, random = map(detectors, tested(("--setups", "--win-rate", "0.9"), REQUEST, shuffled))
    for name in BREAKOUTS:
        planted, noise = found[name]["verdict"], random[name]["verdict"]
        assert planted["word"] == "above chance", planted
        # Targets of 1.5 and stops of 1 risk win 40 % of random walks; costs are up to a tenth of the risk.
        assert 0.3 < planted["chance_win_rate"] < 0.5
        assert noise["word"] == "not different from chance", noise
        assert -0.2 < noise["chance_expectancy"] < 0.05
        assert noise["difference"]["lower"] < 0 < noise["difference"]["upper"]
    wins = sum(found[name]["winners"] for name in BREAKOUTS) / sum(
        found[name]["trades"] for name in BREAKOUTS
    )
    assert wins > 0.6
