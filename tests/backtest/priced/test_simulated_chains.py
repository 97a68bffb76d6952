"""Option trades of a planted setup, from the snapshots that ingestion stored of the simulator's chains."""

from __future__ import annotations

import datetime as dt

import pytest

from backtest.engine import backtest_symbol
from backtest.request import Request
from ingestion.bars.historical_bars import ensure_bars
from ingestion.chains.ingest import ingest_chain
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from tests.simulator.servers import SEED, offset_ms, simulator
from warehouse import clock
from warehouse.models import HistoricalGreeks
from warehouse.watchlist import add_default_symbols

EVENING = dt.datetime(2026, 3, 12, 21, 0, tzinfo=dt.UTC)  # after the close
LAST, HISTORY = dt.date(2026, 3, 12), dt.date(2025, 12, 15)
DETECTORS = ("breakout_bullish", "breakout_bearish")


@pytest.fixture
def simulated(at_market_time, settings):  # noqa: F811
    """Return a function that runs another one against a simulator with planted setups, at an instant."""
    settings.SIMULATED = True

    def at(instant: dt.datetime, work):
        arguments = ("--seed", str(SEED), "--setups", "--win-rate", "0.6", "--strike-spacing", "4")
        with simulator(*arguments, "--clock-offset-ms", str(offset_ms(instant))) as server:
            settings.MASSIVE_BASE_URL = server.base_url
            at_market_time(instant)
            return work(server)

    yield at
    drop_partitions()


def planted(server) -> dict:
    """Store the bars of the symbol of the session's planted setup, and return the setup."""
    rows = server.get("/simulator/intraday/setups", first=str(LAST), last=str(LAST)).json()["results"]
    (setup,) = [row | {"symbol": row["symbols"][1]} for row in rows if len(row["symbols"]) == 2]
    add_default_symbols([setup["symbol"]])
    for frame, first in (("15m", HISTORY), ("1m", LAST)):
        ensure_bars(setup["symbol"], frame, first, LAST, clock.now_ms(), is_history=True)
    return setup


def test_a_planted_setup_has_the_option_trade_of_the_simulators_chains(simulated):
    setup = simulated(EVENING, planted)
    symbol, bar_end = setup["symbol"], setup["bar_end"]
    stored = simulated(clock.instant(bar_end), lambda _: ingest_chain(symbol, bar_end, clock.now_ms()))
    assert stored.rows > 100
    request = Request((symbol,), DETECTORS, LAST, LAST, chance_entries=1, priced=True)
    (row,) = [one for one in backtest_symbol(request, symbol).rows if one["bar_end"] == bar_end]
    assert row["option_reason"] == ""
    contract = HistoricalGreeks.objects.get(
        symbol=symbol, timestamp=bar_end, contract_ticker=row["option_contract"]
    )
    assert 0.40 <= abs(contract.delta) <= 0.50
    assert (contract.option_type == "call") is (row["direction"] == "LONG")
    assert 7 <= contract.dte <= 45
    change = row["entry"] - float(contract.underlying_price)
    mid = float(contract.bid + contract.ask) / 2 + contract.delta * change + contract.gamma * change**2 / 2
    assert row["option_entry"] == pytest.approx(mid + float(contract.ask - contract.bid) / 2)
    assert (row["option_entry_source"], row["option_exit_source"]) == ("quote", "model")

    def quote(server) -> dict:
        terms = {"strike_price": str(contract.strike), "expiration_date": str(contract.expiration)}
        (found,) = server.walk(
            f"/v3/snapshot/options/{symbol}", contract_type=contract.option_type, limit=250, **terms
        )
        return found

    true = simulated(clock.instant(row["exit_minute"]), quote)
    # At the start of the minute the price has not reached the exit yet, and the simulator's volatility has moved.
    still = row["exit"] - true["underlying_asset"]["price"]
    points = 100 * (true["implied_volatility"] - contract.implied_volatility)
    expected = (
        true["last_quote"]["midpoint"] + true["greeks"]["delta"] * still - true["greeks"]["vega"] * points
    )
    modelled = row["option_exit"] / 0.98  # sold at the mid less 2 % of it
    assert modelled > 2.5
    assert modelled == pytest.approx(expected, rel=0.005)
    gained = (row["option_exit"] - row["option_entry"] - 0.013) / row["option_entry"]
    assert row["option_pnl"] == pytest.approx(gained)
    assert (gained > 0) is setup["wins"]
