"""Degenerate contracts, statuses, dividends at the ends of a contract's life, and units."""

from __future__ import annotations

import numpy as np
import pytest

from quant.pricing import american, black_scholes
from quant.pricing.iv_status import IvStatus

QUARTERLY = [(0.1, 1.0), (0.35, 1.0), (0.6, 1.0)]
DAY = 1 / 365


def test_options_that_are_never_exercised_early_have_blacks_values():
    is_call, rate, borrow = [True, True, False, False], [0.05, 0.0, -0.01, 0.0], [0.0, -0.01, 0.02, 0.0]
    known = (is_call, 100.0, 105.0, 0.7, rate, borrow)
    np.testing.assert_array_equal(american.price(*known, 0.3, []), black_scholes.price(*known, 0.3))
    found, expected = american.greeks(*known, 0.3, []), black_scholes.greeks(*known, 0.3)
    for name in ("delta", "gamma", "vega", "rho"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_rho_of_a_european_contract_includes_the_value_of_dividends():
    def at(rate):
        return american.price(False, 100.0, 105.0, 0.7, rate, 0.01, 0.3, QUARTERLY)

    slope = (at(-0.02 + 1e-5) - at(-0.02 - 1e-5)) / 2e-5
    found = american.greeks(False, 100.0, 105.0, 0.7, -0.02, 0.01, 0.3, QUARTERLY).rho
    np.testing.assert_allclose(found, slope * 0.01, rtol=1e-6)


def test_deep_in_the_money_immediate_exercise_is_the_value():
    is_call, strike = [True, False], [20.0, 400.0]
    known = (is_call, 100.0, strike, 0.5, [-0.02, 0.05], [0.06, 0.0], 0.2)
    assert american.price(*known, []).tolist() == [80.0, 300.0]
    found = american.greeks(*known, [])
    assert found.delta.tolist() == [1.0, -1.0]
    assert found.gamma.tolist() == found.vega.tolist() == found.rho.tolist() == [0.0, 0.0]


def test_a_call_is_exercised_before_a_large_dividend_and_a_put_after_it():
    dividends = [(0.25, 30.0)]
    call = american.price(True, 100.0, 60.0, 0.5, 0.0, 0.0, 1e-7, dividends)
    put = american.price(False, 100.0, 120.0, 0.5, 0.05, 0.0, 1e-7, dividends)
    assert call == pytest.approx(40.0, abs=1e-9)
    ex = 100.0 * np.exp(0.05 * 0.25) - 30.0
    assert put == pytest.approx((120.0 - ex) * np.exp(-0.05 * 0.25), abs=1e-4)


@pytest.mark.parametrize("day", [0.0, 0.5])
def test_a_dividend_at_an_end_of_the_life_counts(day):
    """A call is exercised before it, at a spot that still includes it."""
    value = american.price(True, 100.0, 90.0, 0.5, 0.0, 0.0, 0.2, [(day, 2.0)])
    lower = black_scholes.price(True, 98.0, 88.0 if day else 90.0, 0.5, 0.0, 0.0, 0.2)
    assert value == pytest.approx(max(lower, 10.0), abs=2e-5)


def test_dividends_after_settlement_and_before_now_have_no_effect():
    known = (False, 100.0, 100.0, 0.5, 0.05, 0.01, 0.3)
    assert american.price(*known, [(-0.01, 5.0), (0.51, 5.0)]) == american.price(*known, [])


def test_without_volatility_the_best_exercise_on_the_forward_is_the_value():
    put = american.price(False, 100.0, [90.0, 110.0], 1.0, 0.05, 0.0, 0.0, [])
    call = american.price(True, 100.0, [90.0, 110.0], 1.0, 0.05, 0.0, 0.0, [])
    np.testing.assert_allclose(put, [0.0, 10.0], atol=1e-4)
    np.testing.assert_allclose(call, [100.0 - 90.0 * np.exp(-0.05), 0.0], atol=1e-4)


def test_zero_years_give_the_intrinsic_value_and_no_greeks():
    assert american.price([True, False], 100.0, 90.0, 0.0, 0.05, 0.0, 0.3, QUARTERLY).tolist() == [10.0, 0.0]
    assert all(np.isnan(column) for column in american.greeks(True, 100.0, 90.0, 0.0, 0.05, 0.0, 0.3, []))


VALID = (True, 100.0, 95.0, 0.5, 0.03, 0.01, 0.3)


@pytest.mark.parametrize("argument", range(1, 7))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_missing_argument_gives_nan(argument, bad):
    known = list(VALID)
    known[argument] = [known[argument], bad]
    value = american.price(*known, QUARTERLY)
    assert np.isfinite(value).tolist() == [True, False]
    for column in american.greeks(*known, QUARTERLY):
        assert np.isfinite(column).tolist() == [True, False]


@pytest.mark.parametrize(("argument", "bad"), [(1, 0.0), (2, 0.0), (3, -1e-9), (6, -0.1), (1, 2.5)])
def test_an_impossible_argument_gives_nan(argument, bad):
    """The last spot is less than the dividends are worth."""
    known = list(VALID)
    known[argument] = bad
    assert np.isnan(american.price(*known, [(0.1, 3.0)]))


@pytest.mark.parametrize("rate", [-1e300, -800.0, 800.0, 1e300])
def test_an_impossible_rate_gives_no_error(rate):
    american.price([True, False], 100.0, 95.0, 0.5, rate, 0.0, 0.3, QUARTERLY)
    found = american.implied_vol([True, False], 8.0, 100.0, 95.0, 0.5, rate, 0.0, QUARTERLY)
    np.testing.assert_array_equal(np.isfinite(found.volatility), found.status == IvStatus.ok)


@pytest.mark.parametrize("pair", [(np.nan, 1.0), (0.1, np.inf), (0.1, -1.0)])
def test_an_impossible_dividend_is_an_error(pair):
    with pytest.raises(ValueError, match="dividends must be"):
        american.price(*VALID, [pair])


def test_arguments_broadcast_and_may_be_empty():
    value = american.price([[True], [False]], 100.0, [90.0, 100.0, 110.0], 0.5, 0.03, 0.01, 0.3, QUARTERLY)
    assert value.shape == (2, 3)
    single = american.price(False, 100.0, 110.0, 0.5, 0.03, 0.01, 0.3, QUARTERLY)
    assert single.shape == ()
    np.testing.assert_allclose(value[1, 2], single, rtol=1e-13)
    assert american.price(True, [], 100.0, 0.5, 0.03, 0.01, 0.3, []).shape == (0,)
    assert american.implied_vol(True, [], 100.0, 100.0, 0.5, 0.03, 0.01, []).status.shape == (0,)


def test_the_order_of_contracts_and_their_settlements_does_not_matter():
    random = np.random.default_rng(3)
    strike, years = random.uniform(70, 140, 60), random.choice([0.02, 0.3, 0.8], 60)
    is_call = random.random(60) < 0.5
    order = random.permutation(60)
    straight = american.price(is_call, 100.0, strike, years, 0.04, 0.01, 0.3, QUARTERLY)
    shuffled = american.price(is_call[order], 100.0, strike[order], years[order], 0.04, 0.01, 0.3, QUARTERLY)
    np.testing.assert_allclose(straight[order], shuffled, rtol=1e-12)


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("dividends", [[], QUARTERLY, [(DAY, 1.0), (0.3, 1.0)], [(0.5 * DAY, 1.0)]])
def test_theta_is_the_value_of_tomorrow_on_the_forward_minus_now(is_call, dividends):
    rate, borrow = 0.06, 0.02
    strike = np.array([80.0, 100.0, 125.0])
    known = (is_call, 100.0, strike, 0.4, rate, borrow, 0.3)
    carry = rate - borrow
    paid = sum(cash * np.exp(carry * (DAY - time)) for time, cash in dividends if time <= DAY)
    tomorrow = american.price(
        is_call,
        100.0 * np.exp(carry * DAY) - paid,
        strike,
        0.4 - DAY,
        rate,
        borrow,
        0.3,
        [(time - DAY, cash) for time, cash in dividends if time > DAY],
    )
    found = american.greeks(*known, dividends).theta
    np.testing.assert_allclose(found, tomorrow - american.price(*known, dividends), atol=1e-3)


def test_theta_of_the_last_day_ends_at_the_intrinsic_value_of_the_forward():
    known = ([True, False], 100.0, [99.0, 98.0], 0.5 * DAY, 0.05, 0.01, 0.3)
    forward = 100.0 * np.exp(0.04 * 0.5 * DAY)
    expected = [forward - 99.0, 0.0] - american.price(*known, [])
    np.testing.assert_allclose(american.greeks(*known, []).theta, expected, rtol=1e-12)


def test_greeks_are_the_slopes_of_the_price():
    strike = np.array([85.0, 100.0, 115.0])

    def at(spot=100.0, volatility=0.3, rate=0.05):
        return american.price(False, spot, strike, 0.7, rate, 0.01, volatility, QUARTERLY)

    found = american.greeks(False, 100.0, strike, 0.7, 0.05, 0.01, 0.3, QUARTERLY)
    np.testing.assert_allclose(found.delta, (at(spot=100.1) - at(spot=99.9)) / 0.2, atol=1e-4)
    np.testing.assert_allclose(found.gamma, (at(spot=101) - 2 * at() + at(spot=99)), atol=2e-4)
    np.testing.assert_allclose(found.vega, (at(volatility=0.301) - at(volatility=0.299)) / 0.2, rtol=1e-3)
    np.testing.assert_allclose(found.rho, (at(rate=0.051) - at(rate=0.049)) / 0.2, rtol=1e-3)


@pytest.mark.parametrize(
    ("reason", "is_call", "price", "spot", "strike", "years", "rate"),
    [
        ("ok", False, 12.0, 100.0, 105.0, 0.7, 0.04),
        ("ok", True, 12.0, 100.0, 105.0, 0.7, 0.04),
        ("expired", True, 12.0, 100.0, 105.0, 0.0, 0.04),
        ("expired", True, np.nan, np.nan, 105.0, np.nan, 0.04),
        ("no_underlying", True, np.nan, np.nan, 105.0, 0.7, 0.04),
        ("no_underlying", True, 12.0, 2.5, 105.0, 0.7, 0.04),
        ("no_underlying", True, 12.0, 100.0, -1.0, 0.7, 0.04),
        ("no_underlying", True, 12.0, 100.0, 105.0, 0.7, np.nan),
        ("no_quote", True, np.nan, 100.0, 105.0, 0.7, 0.04),
        ("no_quote", False, np.inf, 100.0, 105.0, 0.7, 0.04),
        ("below_intrinsic", False, 60.0, 100.0, 160.0, 0.7, 0.04),
        ("below_intrinsic", False, 60.2, 100.0, 160.0, 0.7, 0.04),
        ("below_intrinsic", True, 0.0, 100.0, 105.0, 0.7, 0.04),
        ("below_intrinsic", True, -1.0, 100.0, 105.0, 0.7, 0.04),
        ("above_maximum", True, 100.0, 100.0, 105.0, 0.7, 0.04),
        ("above_maximum", False, 105.0, 100.0, 105.0, 0.7, 0.04),
    ],
)
def test_every_missing_volatility_has_a_status(reason, is_call, price, spot, strike, years, rate):
    found = american.implied_vol(is_call, price, spot, strike, years, rate, 0.01, QUARTERLY)
    assert IvStatus(int(found.status)).name == reason
    assert np.isfinite(found.volatility) == (reason == "ok")


def test_a_price_just_above_immediate_exercise_has_a_volatility():
    known = (False, 100.0, 130.0, 0.5, 0.05, 0.0)
    volatility, status = american.implied_vol(*known[:1], 30.0 + 1e-4, *known[1:], [])
    assert status == IvStatus.ok
    np.testing.assert_allclose(american.price(*known, volatility, []), 30.0 + 1e-4, atol=1e-6)


@pytest.mark.parametrize("years", [1e-12, 1e-6, 0.5])
@pytest.mark.parametrize("volatility", [0.0, 1e-9, 3.0, 1e3, 1e300])
def test_extreme_arguments_give_prices_within_their_bounds(years, volatility):
    strike = np.array([1e-3, 50.0, 100.0, 200.0, 1e6])
    call = american.price(True, 100.0, strike, years, 0.03, 0.05, volatility, QUARTERLY)
    put = american.price(False, 100.0, strike, years, 0.03, 0.05, volatility, QUARTERLY)
    assert ((call >= np.maximum(100.0 - strike, 0.0) - 1e-9) & (call <= 100.0 + 1e-9)).all()
    assert ((put >= np.maximum(strike - 100.0, 0.0) - 1e-9) & (put <= strike + 1e-9)).all()
    for column in american.greeks(False, 100.0, strike, years, 0.03, 0.05, volatility, QUARTERLY):
        assert np.isfinite(column).all()
