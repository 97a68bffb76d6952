"""An instant always has the same values, in every process and after any earlier requests."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys

import numpy as np

from quant.sessions import sessions
from simulator.market.bar_store import BarStore
from simulator.market.market import SyntheticMarket
from simulator.market.synthetic_chain import synthetic_chain
from simulator.rest.chain_rows import as_json, chain_rows
from simulator.rest.plans import plan
from tests.simulator.servers import INSTANT, ROOT, SEED, Server


def test_another_seed_gives_other_prices() -> None:
    assert SyntheticMarket(SEED).spot("SPX", INSTANT) != SyntheticMarket(SEED + 1).spot("SPX", INSTANT)


def test_another_process_serves_the_same_chain(server: Server, market: SyntheticMarket) -> None:
    market.spot("TSLA", INSTANT - dt.timedelta(days=99))
    rows = server.walk("/v3/snapshot/options/SPY", expiration_date="2026-03-20", limit=250)
    updated = {row["underlying_asset"]["last_updated"] for row in rows}
    assert len(updated) == 1
    instant = dt.datetime.fromtimestamp(updated.pop() / 1e9, dt.UTC)
    table, truth = synthetic_chain(market, "SPY", instant), market.chain_truth("SPY", instant)
    wanted = np.flatnonzero(table.expiration == np.datetime64("2026-03-20"))

    assert rows == [as_json(row) for row in chain_rows(table, wanted, plan("advanced"))]
    assert {row["underlying_asset"]["price"] for row in rows} == {truth.spot}
    for row, price in zip(rows, truth.price[wanted], strict=True):
        assert row["last_quote"]["bid"] - 1e-9 <= price <= row["last_quote"]["ask"] + 1e-9


def test_sessions_join_without_jumps_and_symbols_are_correlated(market: SyntheticMarket) -> None:
    days = sessions(dt.date(2025, 9, 2), dt.date(2026, 3, 11))
    paths = {s: [market.session(s, day).levels for day in days] for s in ("SPX", "SPY", "QQQ", "VIX")}
    gaps = [abs(b[0] / a[-1] - 1) for a, b in zip(paths["SPX"], paths["SPX"][1:], strict=False)]
    returns = {s: np.diff(np.log([levels[-1] for levels in path])) for s, path in paths.items()}

    assert max(gaps) < 0.04
    assert np.corrcoef(returns["SPX"], returns["SPY"])[0, 1] > 0.99
    assert np.corrcoef(returns["SPX"], returns["QQQ"])[0, 1] > 0.7
    assert np.corrcoef(returns["SPX"], returns["VIX"])[0, 1] < -0.6
    assert 0.06 < returns["SPX"].std() * 252**0.5 < 0.3


def test_open_interest_is_constant_in_a_session_and_changes_overnight(market: SyntheticMarket) -> None:
    early, late = (synthetic_chain(market, "SPX", INSTANT + dt.timedelta(hours=h)) for h in (0, 3))
    tomorrow = synthetic_chain(market, "SPX", INSTANT + dt.timedelta(days=1))
    common, first, second = np.intersect1d(early.ticker, tomorrow.ticker, return_indices=True)

    assert np.array_equal(early.open_interest, late.open_interest, equal_nan=True)
    today = early.day_ns == early.day_ns.max()
    assert np.all(late.day_volume[today] >= early.day_volume[today])
    assert len(common) > 15_000
    assert np.mean(early.open_interest[first] != tomorrow.open_interest[second]) > 0.5
    round_strike = early.strike % 100 == 0
    near = np.abs(early.strike / early.spot - 1) < 0.05
    assert np.nanmean(early.open_interest[near & round_strike]) > 2 * np.nanmean(
        early.open_interest[near & ~round_strike]
    )
    below = early.strike < early.spot
    interest = np.nan_to_num(early.open_interest)
    assert interest[below & ~early.is_call].sum() > 1.5 * interest[below & early.is_call].sum()
    assert interest[~below & early.is_call].sum() > 1.5 * interest[~below & ~early.is_call].sum()


def test_a_series_has_no_open_interest_in_its_first_session(market: SyntheticMarket) -> None:
    # A Monday: daily series are listed 22 days before they expire (one of them on the Sunday), weekly ones 67.
    table = synthetic_chain(market, "NDX", dt.datetime(2026, 3, 16, 15, tzinfo=dt.UTC))

    new = np.unique(table.expiration[np.isnan(table.open_interest)])
    assert new.astype(str).tolist() == ["2026-04-06", "2026-04-07", "2026-05-22"]


def test_volume_last_trade_and_bars_agree_with_the_tape(market: SyntheticMarket, server: Server) -> None:
    date = dt.date(2026, 3, 12)
    table = synthetic_chain(market, "SPY", INSTANT)
    store = BarStore(market)
    traded = np.flatnonzero((table.day_ns == table.day_ns.max()) & (table.day_volume > 0))
    for row in traded[:: len(traded) // 8]:
        ticker = str(table.ticker[row])
        trades = server.get(f"/v3/trades/{ticker}", timestamp=date.isoformat(), order="asc", limit=50000)
        past = [t for t in trades.json()["results"] if t["sip_timestamp"] <= table.spot_ns]
        assert sum(t["size"] for t in past) == table.day_volume[row]
        assert past[-1]["price"] == table.trade_price[row]
        assert past[-1]["size"] == table.trade_size[row]
        bars = store.minutes(ticker, date)
        until = bars.start < table.spot_ns // 10**9
        assert bars.volume[until].sum() == table.day_volume[row]
        assert bars.open[0] == past[0]["price"] == table.day_open[row]


def test_the_server_prints_one_line_and_stops_cleanly() -> None:
    command = [sys.executable, "-m", "simulator"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        ready = json.loads(process.stdout.readline())
        process.terminate()
        rest, errors = process.communicate(timeout=60)

    assert ready["base_url"].startswith("http://127.0.0.1:")
    assert ready["stream_url"].startswith("ws://127.0.0.1:")
    assert (rest, errors, process.returncode) == ("", "", 0)
