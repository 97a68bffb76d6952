from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.pricing import black_scholes

HAUG = Path(__file__).parents[2] / "data" / "haug_european.csv"

options = st.tuples(
    st.floats(10.0, 1_000.0),  # spot
    st.floats(0.5, 2.0),  # strike over spot
    st.floats(1 / 365, 5.0),  # years
    st.floats(-0.05, 0.15),  # rate
    st.floats(0.0, 0.10),  # dividend yield
    st.floats(0.05, 2.0),  # volatility
).map(lambda option: (option[0], option[0] * option[1], *option[2:]))


def haug_rows():
    with HAUG.open() as lines:
        return [pytest.param(row, id=f"{n}-{row['quantity']}") for n, row in enumerate(csv.DictReader(lines))]


def haug_quantity(row):
    """Return a quantity in Haug's units: vega per 1.00 of volatility, rho per 1.00 of rate."""
    columns = ("spot", "strike", "years", "rate", "dividend_yield", "volatility")
    spot, strike, years, *others = (float(row[column]) for column in columns)
    arguments = (row["option_type"] == "call", spot, strike, years, *others)
    greeks = black_scholes.greeks(*arguments)
    return {
        "price": black_scholes.price(*arguments),
        "delta": greeks.delta,
        "gamma": greeks.gamma,
        "vega": greeks.vega * 100,
        "rho": greeks.rho * 100,
        "elasticity": greeks.delta * spot / black_scholes.price(*arguments),
        "dividend_rho": -years * spot * greeks.delta,
    }[row["quantity"]]


@pytest.mark.parametrize("row", haug_rows())
def test_values_published_by_haug_agree_to_the_last_digit(row):
    # The published 1.8734 is 1.87334 exactly: the book approximates the normal distribution by a polynomial.
    assert haug_quantity(row) == pytest.approx(float(row["value"]), abs=1e-4)


def test_theta_per_calendar_day_agrees_with_haug():
    # Haug: put, S 430, K 405, T 1/12, r .07, q .05, volatility .20: -31.1924 a year, -0.0855 a day.
    theta = black_scholes.greeks(False, 430, 405, 1 / 12, 0.07, 0.05, 0.20).theta
    assert theta == pytest.approx(-0.0855, abs=5e-5)
    assert theta * 365 == pytest.approx(-31.1924, abs=5e-5)


def test_vanna_per_unit_of_volatility_agrees_with_haug():
    assert black_scholes.greeks(True, 100, 120, 2, 0.03, 0.01, 0.10).vanna == pytest.approx(2.71875, abs=5e-6)


def test_put_charm_equals_call_charm_without_a_dividend_yield():
    spot = np.linspace(50, 200, 31)
    call = black_scholes.greeks(True, spot, 100, 0.3, 0.05, 0.0, 0.25).charm
    put = black_scholes.greeks(False, spot, 100, 0.3, 0.05, 0.0, 0.25).charm
    np.testing.assert_allclose(call, put, rtol=1e-12, atol=1e-15)


@given(options)
@settings(max_examples=100, deadline=None)
def test_put_call_parity(option):
    spot, strike, years, rate, dividend_yield, _ = option
    call, put = black_scholes.price(True, *option), black_scholes.price(False, *option)
    forward_value = spot * np.exp(-dividend_yield * years) - strike * np.exp(-rate * years)
    assert call - put == pytest.approx(forward_value, abs=1e-12 * (spot + strike))


@given(options, st.floats(1e-4, 0.5))
@settings(max_examples=60, deadline=None)
def test_prices_are_monotonic_in_volatility_and_strike(option, step):
    spot, strike, years, rate, dividend_yield, volatility = option
    more = black_scholes.price([True, False], *option[:5], volatility + step)
    assert (more >= black_scholes.price([True, False], *option) - 1e-12 * spot).all()
    higher = (spot, strike * (1 + step), years, rate, dividend_yield, volatility)
    assert black_scholes.price(True, *higher) <= black_scholes.price(True, *option) + 1e-12 * spot
    assert black_scholes.price(False, *higher) >= black_scholes.price(False, *option) - 1e-12 * spot


@given(options, st.booleans())
@settings(max_examples=60, deadline=None)
def test_greeks_are_the_derivatives_of_the_price(option, is_call):
    spot, _, years, *_ = option
    greeks = black_scholes.greeks(is_call, *option)

    def slope(function, step, low, high):
        return (function(*high) - function(*low)) / step

    def price(*arguments):
        return black_scholes.price(is_call, *arguments)

    def delta(*arguments):
        return black_scholes.greeks(is_call, *arguments).delta

    def bumped(position, size):
        return tuple(
            [value + (side * size if place == position else 0.0) for place, value in enumerate(option)]
            for side in (-1, 1)
        )

    wide = 1e-5 * spot
    scale = max(1.0, spot)
    assert greeks.delta == pytest.approx(slope(price, 2 * wide, *bumped(0, wide)), abs=1e-4)
    assert greeks.gamma == pytest.approx(slope(delta, 2 * wide, *bumped(0, wide)), rel=1e-4, abs=1e-6)
    assert greeks.vega == pytest.approx(slope(price, 2e-5, *bumped(5, 1e-5)) / 100, abs=1e-6 * scale)
    assert greeks.rho == pytest.approx(slope(price, 2e-5, *bumped(3, 1e-5)) / 100, abs=1e-6 * scale)
    assert greeks.vanna == pytest.approx(slope(delta, 2e-5, *bumped(5, 1e-5)), abs=1e-4)
    short = 1e-5 * years
    theta = -slope(price, 2 * short, *bumped(2, short)) / 365
    assert greeks.theta == pytest.approx(theta, rel=1e-4, abs=1e-6 * scale)
    charm = -slope(delta, 2 * short, *bumped(2, short)) / 365
    assert greeks.charm == pytest.approx(charm, rel=1e-3, abs=1e-5)


@given(st.lists(options, min_size=2, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_contracts_does_not_matter(chain, random):
    order = list(range(len(chain)))
    random.shuffle(order)
    columns = np.array(chain).T
    for straight, shuffled in zip(
        black_scholes.greeks(True, *columns), black_scholes.greeks(True, *columns[:, order]), strict=True
    ):
        np.testing.assert_array_equal(straight[order], shuffled)


def test_the_price_at_zero_years_is_the_intrinsic_value():
    value = black_scholes.price([True, True, False, False], [110, 90, 110, 90], 100, 0.0, 0.05, 0.02, 0.2)
    assert value.tolist() == [10.0, 0.0, 0.0, 10.0]
    greeks = black_scholes.greeks([True, True, False, False], [110, 90, 110, 90], 100, 0.0, 0.05, 0.02, 0.2)
    assert greeks.delta.tolist() == [1.0, 0.0, 0.0, -1.0]
    for flat in (greeks.gamma, greeks.vega, greeks.rho, greeks.vanna):
        np.testing.assert_array_equal(np.abs(flat), 0.0)


def test_the_price_at_zero_volatility_is_the_discounted_intrinsic_value():
    value = black_scholes.price([True, False], 100, 90, 2.0, 0.05, 0.02, 0.0)
    np.testing.assert_allclose(value, [100 * np.exp(-0.04) - 90 * np.exp(-0.1), 0.0], rtol=1e-15)
    greeks = black_scholes.greeks([True, False], 100, 90, 2.0, 0.05, 0.02, 0.0)
    np.testing.assert_allclose(greeks.delta, [np.exp(-0.04), 0.0])
    np.testing.assert_allclose(greeks.rho, [2.0 * 90 * np.exp(-0.1) / 100, 0.0])


def test_greeks_at_the_forward_and_zero_volatility_are_limits_or_nan():
    greeks = black_scholes.greeks(True, 100, 100, 1.0, 0.0, 0.0, 0.0)
    assert black_scholes.price(True, 100, 100, 1.0, 0.0, 0.0, 0.0) == 0.0
    assert greeks.delta == 0.5
    assert greeks.vega == pytest.approx(100 / np.sqrt(2 * np.pi) / 100)
    assert np.isnan(greeks.gamma)


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinite_inputs_give_nan(position, bad):
    arguments = [100.0, 110.0, 0.5, 0.05, 0.02, 0.2]
    arguments[position] = bad
    assert np.isnan(black_scholes.price(True, *arguments))
    assert all(np.isnan(greek) for greek in black_scholes.greeks(False, *arguments))


@pytest.mark.parametrize("position", [0, 1, 2, 5])
def test_negative_spot_strike_time_or_volatility_gives_nan(position):
    arguments = [100.0, 110.0, 0.5, 0.05, 0.02, 0.2]
    arguments[position] *= -1
    assert np.isnan(black_scholes.price(True, *arguments))
    assert all(np.isnan(greek) for greek in black_scholes.greeks(False, *arguments))


def test_extreme_inputs_give_finite_numbers_or_nan_without_warnings():
    extremes = [-1.0, 0.0, 1e-300, 1.0, 100.0, 1e150, np.inf, np.nan]
    grid = np.array(
        list(itertools.product([0, 1], extremes, extremes, extremes, [-0.1, 0.0, 0.1], [0.0, 0.1], extremes))
    ).T
    value = black_scholes.price(grid[0] == 1, *grid[1:])
    assert value.shape == grid[0].shape
    assert not (value < 0.0).any()
    assert not np.isinf(value).any()
    for greek in black_scholes.greeks(grid[0] == 1, *grid[1:]):
        assert greek.shape == grid[0].shape
        assert not np.isinf(greek).any()


def test_prices_are_not_negative_through_rounding():
    assert black_scholes.price(True, 100, 100.00000000000007, 1.0, 0.0, 0.0, 6.046713212029707e-16) == 0.0


def test_inputs_broadcast_and_may_be_empty():
    value = black_scholes.price(np.array([[True], [False]]), 100, [90, 100, 110], 1.0, 0.0, 0.0, 0.2)
    assert value.shape == (2, 3)
    greeks = black_scholes.greeks(np.array([[True], [False]]), 100, [90, 100, 110], 1.0, 0.0, 0.0, 0.2)
    assert {greek.shape for greek in greeks} == {(2, 3)}
    assert black_scholes.price(True, [], 100, 1.0, 0.0, 0.0, 0.2).size == 0
    assert all(greek.size == 0 for greek in black_scholes.greeks(True, [], 100, 1.0, 0.0, 0.0, 0.2))


def test_a_million_contracts_are_priced():
    strike = np.linspace(50.0, 200.0, 1_000_000)
    value = black_scholes.price(True, 100.0, strike, 0.5, 0.03, 0.01, 0.2)
    assert np.isfinite(value).all()
    assert (np.diff(value) <= 1e-12).all()
