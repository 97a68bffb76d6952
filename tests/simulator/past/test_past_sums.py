"""Sums of past sessions agree with the chains, trades and closes of the same market."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant.sessions import close_of, open_of, sessions
from simulator.market.market import SyntheticMarket
from simulator.past.flow import Rules, flow_intervals
from simulator.past.gamma import gamma_slots
from simulator.past.volatility import volatility_days
from tests.simulator.servers import INSTANT, Server

DATE = INSTANT.date()  # 12 March 2026
NOON = dt.datetime(2026, 3, 12, 16, 0, tzinfo=dt.UTC)


def gamma_at(market: SyntheticMarket, symbol: str, instant: dt.datetime) -> dict[str, float | None]:
    columns = gamma_slots(market, symbol, DATE, [int(instant.timestamp())])
    return {name: column[0] for name, column in columns.items()}


@pytest.mark.parametrize(("symbol", "tolerance"), [("SPX", 1e-9), ("SPY", 0.03)])
def test_gamma_is_the_sum_over_the_true_greeks(
    market: SyntheticMarket, symbol: str, tolerance: float
) -> None:
    from simulator.market.synthetic_chain import synthetic_chain

    truth, table = market.chain_truth(symbol, NOON), synthetic_chain(market, symbol, NOON)
    live = truth.years > 0
    held = np.where(live, np.nan_to_num(table.open_interest), 0.0)
    dollars = held * np.nan_to_num(truth.greeks.gamma) * 100 * truth.spot**2 * 0.01
    calls, puts = (float(dollars[truth.listing.is_call == is_call].sum()) for is_call in (True, False))
    found = gamma_at(market, symbol, NOON)
    assert found["spot"] == truth.spot
    assert found["call_gamma"] == pytest.approx(calls, rel=tolerance)
    assert found["put_gamma"] == pytest.approx(-puts, rel=tolerance)
    ratio = held[~truth.listing.is_call].sum() / held[truth.listing.is_call].sum()
    assert found["put_call_oi_ratio"] == pytest.approx(ratio, rel=1e-9)


def test_walls_lie_on_their_side_of_spot_and_the_flip_within_the_band(market: SyntheticMarket) -> None:
    found = gamma_at(market, "SPX", NOON)
    assert found["support"] < found["spot"] < found["resistance"]
    assert found["put_wall"] <= found["spot"] <= found["call_wall"]
    assert found["flips"] == sorted(found["flips"])
    assert 0.8 * found["spot"] < found["flips"][0] <= found["flips"][-1] < 1.2 * found["spot"]


@pytest.mark.parametrize("symbol", ["SPX", "SPY"])
def test_gamma_of_conventions_and_the_pin_are_those_of_the_chain(
    market: SyntheticMarket, symbol: str
) -> None:
    from simulator.market.synthetic_chain import synthetic_chain

    truth, table = market.chain_truth(symbol, NOON), synthetic_chain(market, symbol, NOON)
    found, listing = gamma_at(market, symbol, NOON), truth.listing
    gamma = np.where(truth.years > 0, np.nan_to_num(truth.greeks.gamma), 0.0)
    side = np.where(listing.is_call, 1.0, -1.0)
    traded = float((np.nan_to_num(table.day_volume) * gamma * side).sum())
    assert np.sign(found["volume_gamma"]) == np.sign(traded)
    assert abs(found["volume_flips"][0] / found["spot"] - 1) < 0.2
    today = listing.expiration == np.datetime64(DATE)
    assert found["settles_today"] is bool(today.any())
    size = np.where(today, np.nan_to_num(table.open_interest) * gamma, 0.0)
    strikes, place = np.unique(listing.strike, return_inverse=True)
    sums = np.bincount(place, size)
    assert found["pin_strike"] == strikes[np.argmax(sums)]
    assert found["pin_share"] == pytest.approx(sums.max() / sums.sum(), rel=0.03)
    held = np.nan_to_num(table.open_interest)[today & (listing.strike == found["pin_strike"])].sum()
    assert found["pin_open_interest"] == held
    net = np.bincount(place, np.nan_to_num(table.open_interest) * gamma * side)
    (at,) = np.abs(net)[strikes == found["largest_net_strike"]]
    assert at > 0.9 * np.abs(net).max()


def test_nothing_is_traded_at_the_open_and_nothing_settles_on_some_days(market: SyntheticMarket) -> None:
    opening = gamma_at(market, "SPX", open_of(DATE))
    assert (opening["volume_gamma"], opening["volume_flips"]) == (None, None)
    stock = gamma_at(market, "AAPL", NOON)  # a Thursday
    assert (stock["settles_today"], stock["pin_strike"], stock["pin_share"]) == (False, None, None)


def test_volatility_is_that_of_the_surface_at_the_close(market: SyntheticMarket) -> None:
    dates = sessions(DATE - dt.timedelta(days=7), DATE)
    found = volatility_days(market, "SPX", dates)
    for place, date in enumerate(dates):
        assert found["spot"][place] == market.session("SPX", date).levels[-1]
        vix = market.session("VIX", date).levels[-1]
        assert found["variance_index"][place] == pytest.approx(vix / 100, abs=5e-4)
    truth = market.chain_truth("SPX", close_of(DATE))
    month = np.abs(truth.years - 30 / 365) < 3 / 365
    at_the_money = month & (np.abs(truth.listing.strike / truth.forward - 1) < 0.002)
    assert found["iv_30"][-1] == pytest.approx(float(truth.volatility[at_the_money].mean()), rel=0.02)


def test_the_surface_of_the_past_is_that_of_the_truth(market: SyntheticMarket) -> None:
    found = volatility_days(market, "SPX", [DATE])
    levels, surface = np.array(found["at_the_money"][0]), np.array(found["surface"][0])
    assert levels[2] == pytest.approx(found["iv_30"][0])
    assert surface.shape == (7, 5)
    truth = market.chain_truth("SPX", close_of(DATE))
    near = np.abs(truth.years - 30 / 365) < 3 / 365
    forward_delta = truth.greeks.delta / np.where(truth.listing.is_call, 1, -1)
    put = near & ~truth.listing.is_call & (np.abs(forward_delta - 0.25) < 0.02)
    assert surface[2, 1] == pytest.approx(float(truth.volatility[put].mean()), rel=0.03)


@pytest.fixture(scope="module")
def flow(market: SyntheticMarket) -> dict[str, dict[str, list[float]]]:
    whole_day = flow_intervals(market, DATE, close_of(DATE).timestamp(), 50, Rules())
    assert whole_day["ends"] == [int(open_of(DATE).timestamp()) + 900 * number for number in range(1, 27)]
    return whole_day["symbols"]


def test_intervals_contain_all_trades_of_the_stream(flow: dict[str, dict[str, list[float]]]) -> None:
    assert set(flow) == {"SPX", "NDX", "SPY", "QQQ", "IWM"}
    trades = sum(np.array(columns["trades"]).sum() for columns in flow.values())
    assert trades == pytest.approx(26 * 900 * 50, rel=1e-3)


def test_the_parts_of_an_interval_add_up(flow: dict[str, dict[str, list[float]]]) -> None:
    for columns in flow.values():
        sums = {name: np.array(column) for name, column in columns.items()}
        assert np.allclose(sums["contracts"], sums["call_contracts"] + sums["put_contracts"], atol=2)
        assert np.allclose(sums["premium"], sums["call_premium"] + sums["put_premium"], rtol=1e-6)
        sided = sums["bullish_premium"] + sums["bearish_premium"]
        known = sums["stream_sided_premium"] + sums["rest_sided_premium"]
        assert np.allclose(sided, known, rtol=1e-6)
        assert (sums["stream_sided_trades"] <= sums["trades"]).all()


def test_small_trades_and_running_intervals_are_left_out(market: SyntheticMarket) -> None:
    every = flow_intervals(market, DATE, NOON.timestamp() + 899, 50, Rules())
    large = flow_intervals(
        market, DATE, NOON.timestamp() + 899, 50, Rules(smallest=10, large_premium=25_000.0)
    )
    assert every["ends"][-1] == large["ends"][-1] == NOON.timestamp()
    assert sum(large["symbols"]["SPX"]["trades"]) < 0.5 * sum(every["symbols"]["SPX"]["trades"])
    assert sum(large["symbols"]["SPX"]["candidates"]) > sum(every["symbols"]["SPX"]["candidates"])


def shares_with_side(market: SyntheticMarket, quoted: int, requests_per_second: float) -> tuple[float, float]:
    """Return the shares of trades whose side a quote of the stream tells, and a requested quote."""
    rules = Rules(10, 25_000.0, quoted, requests_per_second)
    symbols = flow_intervals(market, DATE, close_of(DATE).timestamp(), 50, rules)["symbols"]
    trades, streamed, requested = (
        sum(sum(columns[name]) for columns in symbols.values())
        for name in ("trades", "stream_sided_trades", "rest_sided_trades")
    )
    return streamed / trades, requested / trades


def test_sides_are_known_by_quotes_of_the_stream_and_by_request(market: SyntheticMarket) -> None:
    every, none = shares_with_side(market, 1_000_000, 0.0)
    assert 0.85 < every < 1.0
    assert none == 0.0
    some, _ = shares_with_side(market, 1000, 0.0)
    assert 0.1 < some < 0.7
    streamed, requested = shares_with_side(market, 1000, 2.0)
    assert streamed == some
    # At most two requests a second; about 22 trades a second are large enough.
    assert 0.03 < requested < 0.12


def test_the_endpoints_serve_the_past_only(server: Server) -> None:
    opens = int(open_of(DATE).timestamp() * 1000)
    gamma = server.get(f"/simulator/past/gamma/SPY/{DATE}", until_ms=opens + 7_200_000).json()
    assert gamma["slots"] == [opens + 900_000 * number for number in range(8)]
    flow = server.get(f"/simulator/past/flow/{DATE}", until_ms=opens + 1_800_000).json()
    assert flow["ends"] == [opens + 900_000, opens + 1_800_000]
    volatility = server.get("/simulator/past/volatility/SPY", first="2026-03-09", last=str(DATE)).json()
    assert volatility["dates"] == ["2026-03-09", "2026-03-10", "2026-03-11"]
    assert server.get(f"/simulator/past/gamma/VIX/{DATE}").status_code == 404
    assert server.get(f"/simulator/past/gamma/SPY/{DATE + dt.timedelta(days=1)}").json()["slots"] == []
    assert server.get("/simulator/past/flow/2026-03-14").status_code == 404
