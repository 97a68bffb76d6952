from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.pricing import black_scholes
from quant.pricing.implied_vol import IvStatus, quote_status, solve

options = st.tuples(
    st.booleans(),
    st.floats(1.0, 10_000.0),  # spot
    st.floats(-3.0, 3.0),  # distance of the strike from the forward in standard deviations
    st.floats(1 / 365, 5.0),  # years
    st.floats(-0.02, 0.10),  # rate
    st.floats(0.0, 0.08),  # dividend yield
    st.floats(0.01, 3.0),  # volatility
).map(lambda o: (o[0], o[1], o[1] * np.exp((o[4] - o[5]) * o[3] + o[2] * o[6] * np.sqrt(o[3])), *o[3:]))


def test_status_names_are_the_stored_values():
    assert [status.name for status in IvStatus] == [
        "ok",
        "below_intrinsic",
        "above_maximum",
        "no_quote",
        "crossed",
        "wide",
        "expired",
        "no_underlying",
        "other_side",
        "deep",
        "adjusted",
    ]


def test_a_textbook_example_gives_the_published_volatility():
    # Hull, Options, Futures, and Other Derivatives: call 1.875, S 21, K 20, r .10, T .25: 23.5 % a year.
    volatility, status = solve(True, 1.875, 21, 20, 0.25, 0.10, 0.0)
    assert status == IvStatus.ok
    assert volatility == pytest.approx(0.235, abs=5e-4)


@given(options)
@settings(max_examples=100, deadline=None)
def test_price_to_volatility_to_price_is_a_round_trip(option):
    is_call, spot, strike, years, rate, dividend_yield, volatility = option
    price = black_scholes.price(*option)
    found, status = solve(is_call, price, spot, strike, years, rate, dividend_yield)
    if status != IvStatus.ok:
        # Only where the time value is smaller than the rounding of the price.
        assert status in (IvStatus.below_intrinsic, IvStatus.above_maximum)
        assert black_scholes.greeks(*option).vega * 100 < 1e-8 * (spot + strike)
        return
    again = black_scholes.price(is_call, spot, strike, years, rate, dividend_yield, found)
    assert again == pytest.approx(price, rel=1e-12, abs=1e-14 * (spot + strike))
    per_unit = black_scholes.greeks(*option).vega * 100
    rounding = 1e-14 * (spot + strike) / per_unit
    assert found == pytest.approx(volatility, abs=1e-12 + rounding)


@pytest.mark.parametrize("volatility", [0.01, 0.05, 0.2, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("years", [1 / 525_600, 10 / 525_600, 1 / 365, 0.1, 1.0])
def test_volatilities_from_1_to_1000_percent_are_found_at_any_time_left(volatility, years):
    deviation = volatility * np.sqrt(years)
    strike = 4500.0 * np.exp(np.linspace(-4, 4, 81) * min(deviation, 3.0))
    is_call = np.array([[True], [False]])
    price = black_scholes.price(is_call, 4500.0, strike, years, 0.0, 0.0, volatility)
    vega = black_scholes.greeks(is_call, 4500.0, strike, years, 0.0, 0.0, volatility).vega * 100
    found, status = solve(is_call, price, 4500.0, strike, years, 0.0, 0.0)
    determined = vega > 1e-6 * (price + 1.0)
    assert determined.any()
    assert (status[determined] == IvStatus.ok).all()
    # The effect on volatility of the rounding of the price: some units in the last place of spot or strike.
    allowed = 1e-12 + 2e-14 * np.maximum(4500.0, strike) / vega
    assert (np.abs(found - volatility)[determined] <= allowed[determined]).all()


def test_volatilities_far_out_of_the_money_have_full_precision():
    strike = np.array([20.0, 40.0, 60.0, 160.0, 250.0, 400.0])
    volatility = np.linspace(0.09, 0.14, 6)
    price = black_scholes.price(strike > 100, 100.0, strike, 0.25, 0.0, 0.0, volatility)
    assert price.min() < 1e-60
    found, _ = solve(strike > 100, price, 100.0, strike, 0.25, 0.0, 0.0)
    np.testing.assert_allclose(found, volatility, rtol=1e-12)


def test_put_and_call_of_a_strike_have_the_same_volatility():
    strike = np.linspace(80, 125, 10)
    call, put = (black_scholes.price(kind, 100, strike, 0.5, 0.05, 0.02, 0.3) for kind in (True, False))
    np.testing.assert_allclose(
        solve(True, call, 100, strike, 0.5, 0.05, 0.02).volatility,
        solve(False, put, 100, strike, 0.5, 0.05, 0.02).volatility,
        rtol=1e-12,
    )


def test_volatility_rises_with_price():
    price = np.linspace(5.01, 99.9, 2_000)
    found, status = solve(True, price, 100, 95, 1.0, 0.0, 0.0)
    assert (status == IvStatus.ok).all()
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("reason", "arguments"),
    [
        ("ok", (True, 12.0, 100, 100, 1.0, 0.03, 0.01)),
        ("below_intrinsic", (True, 9.99, 110, 100, 1.0, 0.0, 0.0)),
        ("below_intrinsic", (False, 10.0, 90, 100, 1.0, 0.0, 0.0)),
        ("below_intrinsic", (True, 0.0, 90, 100, 1.0, 0.0, 0.0)),
        ("below_intrinsic", (True, -1.0, 90, 100, 1.0, 0.0, 0.0)),
        ("below_intrinsic", (True, 3300.0 + 1e-9, 4500, 1200, 1.0, 0.0, 0.0)),
        ("above_maximum", (True, 100.0, 100, 100, 1.0, 0.0, 0.0)),
        ("above_maximum", (False, 95.13, 100, 100, 1.0, 0.05, 0.0)),
        ("no_quote", (True, np.nan, 100, 100, 1.0, 0.0, 0.0)),
        ("no_quote", (True, np.inf, 100, 100, 1.0, 0.0, 0.0)),
        ("expired", (True, 5.0, 100, 100, 0.0, 0.0, 0.0)),
        ("expired", (True, np.nan, np.nan, 100, -0.1, 0.0, 0.0)),
        ("expired", (True, 5.0, 100, 100, np.nan, 0.0, 0.0)),
        ("no_underlying", (True, 5.0, np.nan, 100, 1.0, 0.0, 0.0)),
        ("no_underlying", (True, np.nan, 0.0, 100, 1.0, 0.0, 0.0)),
        ("no_underlying", (True, 5.0, np.inf, 100, 1.0, 0.0, 0.0)),
        ("no_underlying", (True, 5.0, 100, 100, 1.0, np.nan, 0.0)),
        ("no_underlying", (True, 5.0, 100, -100, 1.0, 0.0, 0.0)),
    ],
)
def test_every_missing_volatility_has_a_status(reason, arguments):
    volatility, status = solve(*arguments)
    assert IvStatus(int(status)).name == reason
    assert np.isfinite(volatility) == (reason == "ok")


@pytest.mark.parametrize(
    ("bid", "ask", "reason"),
    [
        (1.0, 1.2, "ok"),
        (1.0, 1.0, "ok"),
        (3.0, 5.0, "ok"),  # exactly half of the mid
        (3.0, 5.01, "wide"),
        (1.2, 1.0, "crossed"),
        (0.0, 0.05, "no_quote"),
        (0.0, 0.0, "no_quote"),
        (-1.0, 1.0, "no_quote"),
        (np.nan, 1.0, "no_quote"),
        (1.0, np.nan, "no_quote"),
        (1.0, np.inf, "no_quote"),
    ],
)
def test_quote_status_of_valid_and_invalid_quotes(bid, ask, reason):
    assert IvStatus(int(quote_status(bid, ask))).name == reason


def test_the_maximum_spread_is_an_argument():
    assert quote_status([1.0, 1.0], [1.1, 1.3], widest_spread=0.1).tolist() == [IvStatus.ok, IvStatus.wide]


def test_extreme_inputs_give_a_number_with_ok_or_nan_with_another_status():
    extremes = [-1.0, 0.0, 1e-300, 1e-14, 1.0, 100.0, 100.0 + 1e-13, 1e300, np.inf, np.nan]
    grid = np.array(
        list(
            itertools.product(
                [0, 1], extremes, extremes, extremes, extremes, [0.0, 0.1, np.nan, np.inf], [0.1]
            )
        )
    ).T
    volatility, status = solve(grid[0] == 1, *grid[1:])
    np.testing.assert_array_equal(np.isfinite(volatility), status == IvStatus.ok)
    assert not np.isinf(volatility).any()
    assert (volatility[status == IvStatus.ok] > 0).all()


def test_inputs_broadcast_and_may_be_empty():
    volatility, status = solve(np.array([[True], [False]]), 8.0, 100, [95, 100, 105], 1.0, 0.0, 0.0)
    assert volatility.shape == status.shape == (2, 3)
    assert status.dtype == np.int8
    empty = solve(True, [], 100, 100, 1.0, 0.0, 0.0)
    assert empty.volatility.size == empty.status.size == 0


def test_the_order_of_contracts_does_not_matter():
    random = np.random.default_rng(7)
    strike = random.uniform(50, 200, 20_000)
    price = black_scholes.price(strike > 100, 100, strike, 0.3, 0.02, 0.0, 0.4)
    order = random.permutation(strike.size)
    straight = solve(strike > 100, price, 100, strike, 0.3, 0.02, 0.0)
    shuffled = solve(strike[order] > 100, price[order], 100, strike[order], 0.3, 0.02, 0.0)
    np.testing.assert_array_equal(straight.volatility[order], shuffled.volatility)
    np.testing.assert_array_equal(straight.status[order], shuffled.status)


def test_a_million_volatilities_are_found():
    strike = np.linspace(60.0, 160.0, 1_000_000)
    price = black_scholes.price(strike > 100, 100.0, strike, 0.5, 0.03, 0.01, 0.25)
    volatility, status = solve(strike > 100, price, 100.0, strike, 0.5, 0.03, 0.01)
    assert (status == IvStatus.ok).all()
    np.testing.assert_allclose(volatility, 0.25, rtol=0, atol=1e-11)
