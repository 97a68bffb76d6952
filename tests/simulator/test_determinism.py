"""The same instant always has the same numbers, in whatever process and after whatever questions."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
import sys

import numpy as np

from quant.sessions import sessions
from simulator.bar_store import BarStore
from simulator.market import SyntheticMarket
from simulator.synthetic_chain import synthetic_chain
from tests.simulator.conftest import INSTANT, ROOT, SEED, Server

_DIGEST = """
import datetime as dt, hashlib, sys
from simulator.market import SyntheticMarket
from simulator.synthetic_chain import synthetic_chain
table = synthetic_chain(SyntheticMarket(7), "IWM", dt.datetime(2026, 3, 12, 15, 30, tzinfo=dt.UTC))
columns = (table.bid, table.ask, table.gamma, table.open_interest, table.day_volume, table.trade_ns)
sys.stdout.write(hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest())
"""


def test_another_process_sees_the_same_chain(market: SyntheticMarket) -> None:
    market.spot("TSLA", INSTANT - dt.timedelta(days=99))
    table = synthetic_chain(market, "IWM", INSTANT)
    columns = (table.bid, table.ask, table.gamma, table.open_interest, table.day_volume, table.trade_ns)
    ours = hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()

    command = [sys.executable, "-c", _DIGEST]
    theirs = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert theirs == ours


def test_another_seed_is_another_world() -> None:
    assert SyntheticMarket(SEED).spot("SPX", INSTANT) != SyntheticMarket(SEED + 1).spot("SPX", INSTANT)


def test_the_server_serves_the_ground_truth(server: Server, market: SyntheticMarket) -> None:
    rows = server.walk("/v3/snapshot/options/SPY", expiration_date="2026-03-20", limit=250)
    updated = {row["underlying_asset"]["last_updated"] for row in rows}
    assert len(updated) == 1
    instant = dt.datetime.fromtimestamp(updated.pop() / 1e9, dt.UTC)
    truth = market.chain_truth("SPY", instant)
    prices = dict(zip(truth.listing.ticker.tolist(), truth.price.tolist(), strict=True))

    assert {row["underlying_asset"]["price"] for row in rows} == {truth.spot}
    assert len(rows) == int(np.sum(truth.listing.expiration == np.datetime64("2026-03-20")))
    for row in rows:
        quote = row["last_quote"]
        assert quote["bid"] - 1e-9 <= prices[row["details"]["ticker"]] <= quote["ask"] + 1e-9


def test_days_join_without_jumps_and_symbols_move_together(market: SyntheticMarket) -> None:
    days = sessions(dt.date(2025, 1, 2), dt.date(2026, 3, 11))
    paths = {s: [market.session(s, day).levels for day in days] for s in ("SPX", "SPY", "QQQ", "VIX")}
    gaps = [abs(b[0] / a[-1] - 1) for a, b in zip(paths["SPX"], paths["SPX"][1:], strict=False)]
    returns = {s: np.diff(np.log([levels[-1] for levels in path])) for s, path in paths.items()}

    assert max(gaps) < 0.04
    assert np.corrcoef(returns["SPX"], returns["SPY"])[0, 1] > 0.99
    assert np.corrcoef(returns["SPX"], returns["QQQ"])[0, 1] > 0.7
    assert np.corrcoef(returns["SPX"], returns["VIX"])[0, 1] < -0.6
    assert 0.06 < returns["SPX"].std() * 252**0.5 < 0.3


def test_open_interest_stands_still_in_a_session_and_moves_overnight(market: SyntheticMarket) -> None:
    early, late = (synthetic_chain(market, "SPX", INSTANT + dt.timedelta(hours=h)) for h in (0, 3))
    tomorrow = synthetic_chain(market, "SPX", INSTANT + dt.timedelta(days=1))
    common, here, there = np.intersect1d(early.ticker, tomorrow.ticker, return_indices=True)

    assert np.array_equal(early.open_interest, late.open_interest, equal_nan=True)
    assert np.all(
        late.day_volume[early.day_ns == late.day_ns] >= early.day_volume[early.day_ns == late.day_ns]
    )
    assert len(common) > 15_000
    assert np.mean(early.open_interest[here] != tomorrow.open_interest[there]) > 0.5
    round_strike = early.strike % 100 == 0
    near = np.abs(early.strike / early.spot - 1) < 0.05
    assert np.nanmean(early.open_interest[near & round_strike]) > 2 * np.nanmean(
        early.open_interest[near & ~round_strike]
    )
    below = early.strike < early.spot
    interest = np.nan_to_num(early.open_interest)
    assert interest[below & ~early.is_call].sum() > 1.5 * interest[below & early.is_call].sum()
    assert interest[~below & early.is_call].sum() > 1.5 * interest[~below & ~early.is_call].sum()


def test_volume_last_trade_and_bars_are_the_tape(market: SyntheticMarket, server: Server) -> None:
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


def test_ready_line_and_stop_are_quick_and_clean() -> None:
    command = [sys.executable, "-m", "simulator"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        ready = json.loads(process.stdout.readline())
        process.terminate()
        rest, errors = process.communicate(timeout=5)

    assert ready["base_url"].startswith("http://127.0.0.1:")
    assert ready["stream_url"].startswith("ws://127.0.0.1:")
    assert (rest, errors, process.returncode) == ("", "", 0)
