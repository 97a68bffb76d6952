from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.gamma.conventions import NAIVE
from quant.gamma.exposure import snapshot
from quant.gamma.flips import flips
from quant.gamma.profile import one_per_strike, price_grid, reprice
from tests.quant.chains import black_scholes_gamma, make_chain, random_chain


def naive_profile(chain):
    return reprice(chain, NAIVE.weights(chain)[None], chain.implied_volatility)


def test_the_profile_equals_black_scholes_gamma_at_each_price():
    chain = random_chain(200, seed=4)
    prices = price_grid(chain.spot, 0.2, 41)
    gamma = black_scholes_gamma(
        prices, chain.strike[:, None], chain.years[:, None], chain.implied_volatility[:, None]
    )
    sign = np.where(chain.is_call, 1.0, -1.0)
    expected = (sign * chain.open_interest * 100.0) @ gamma * prices**2 * 0.01
    assert naive_profile(chain).net(prices)[0] == pytest.approx(expected, rel=1e-10, abs=1e-6)


def test_the_profile_uses_forward_and_rate_of_each_settlement():
    # Merton's formula with a rate of 5 % and a dividend yield of 2 %, on a forward of 100 exp(0.03 T).
    chain = make_chain(
        [100, 100],
        [True, True],
        root=["XYZ", "XYZW"],
        years=[1.0, 0.5],
        forward=[100 * np.exp(0.03), 100 * np.exp(0.015)],
        rate=0.05,
        implied_volatility=0.2,
    )
    profile = reprice(chain, NAIVE.weights(chain)[None], chain.implied_volatility)
    expected = 0.0
    for years in (1.0, 0.5):
        d1 = (np.log(110 / 100) + (0.05 - 0.02 + 0.5 * 0.04) * years) / (0.2 * np.sqrt(years))
        expected += np.exp(-0.02 * years - d1 * d1 / 2) / np.sqrt(2 * np.pi) / (110 * 0.2 * np.sqrt(years))
    assert profile.net(np.array([110.0]))[0, 0] == pytest.approx(expected * 100 * 100 * 110**2 * 0.01)


def test_the_flip_moves_down_by_the_carry_of_the_forward():
    # The profile depends on spot only through the forward, so a forward 2 % above spot divides the flip by 1.02.
    chain = make_chain([110, 90], [True, False], years=0.25, implied_volatility=0.2, forward=102.0, rate=0.03)
    flip = np.sqrt(110 * 90) * np.exp(-0.5 * 0.2**2 * 0.25)
    assert snapshot(replace(chain, gamma=np.array([0.02, 0.01]))).gamma_flip == pytest.approx(flip / 1.02)


def test_a_call_and_a_put_flip_where_their_gammas_are_equal():
    # With equal time and volatility the gammas are equal where one d1 is the negative of the other.
    chain = make_chain([110, 90], [True, False], years=0.25, implied_volatility=0.2, gamma=[0.02, 0.01])
    flip = np.sqrt(110 * 90) * np.exp(-0.5 * 0.2**2 * 0.25)
    result = snapshot(chain)
    assert result.flip_points == pytest.approx((flip,), rel=1e-10)
    assert result.gamma_flip == pytest.approx(flip, rel=1e-10)
    assert result.flip_status == "found"


def test_all_flips_are_returned_and_gamma_flip_is_the_one_nearest_to_spot():
    chain = make_chain(
        [90, 100, 110],
        [False, True, False],
        years=0.02,
        gamma=[0.01, 0.02, 0.01],
        open_interest=[100, 150, 100],
    )
    result = snapshot(chain)
    assert len(result.flip_points) == 2
    low, high = result.flip_points
    assert 90 < low < 100 < high < 110
    assert result.gamma_flip == min(result.flip_points, key=lambda root: abs(root - 100))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_flip_is_a_zero_of_the_profile(seed):
    chain = random_chain(40, seed)
    profile = naive_profile(chain)
    grid = price_grid(chain.spot, 0.2, 161)
    (roots,) = flips(profile, grid)
    net = profile.net(grid)[0]
    gross = reprice(chain, np.abs(NAIVE.weights(chain))[None], chain.implied_volatility).net(grid)[0]
    assert len(roots) >= np.count_nonzero(np.diff(np.sign(net)))
    assert np.all(np.abs(profile.net(roots)[0]) <= 1e-8 * gross.max())
    assert np.all(np.diff(roots) > 0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), minutes=st.sampled_from([1, 15, 390, 20_000]))
def test_flips_match_the_signs_in_double_precision_near_expiry(seed, minutes):
    chain = random_chain(60, seed)
    chain = replace(chain, years=np.where(np.arange(60) % 2, minutes / 525_600, chain.years))
    profile = naive_profile(chain)
    grid = price_grid(chain.spot, 0.2, 161)
    net = profile.net(grid)[0]
    gross = reprice(chain, np.abs(NAIVE.weights(chain))[None], chain.implied_volatility).net(grid)[0]
    reliable_signs = np.sign(net[np.abs(net) > 1e-10 * gross.max()])
    (roots,) = flips(profile, grid)
    assert len(roots) >= np.count_nonzero(np.diff(reliable_signs))
    assert np.all(np.sign(profile.net(roots * (1 + 1e-9))[0]) != np.sign(profile.net(roots * (1 - 1e-9))[0]))


def test_calls_alone_have_no_flip():
    result = snapshot(make_chain([90, 100, 110], [True] * 3))
    assert (result.gamma_flip, result.flip_points, result.flip_status) == (None, (), "no_root")


def test_calls_and_puts_that_cancel_have_no_flips_from_rounding_errors():
    chain = make_chain(
        np.repeat(np.linspace(80, 120, 40), 2),
        [True, False] * 40,
        open_interest=np.repeat(np.linspace(1, 999, 40) / 3, 2),
    )
    assert snapshot(chain).flip_points == ()


def test_gamma_far_from_every_strike_is_zero():
    chain = make_chain([100], [True], years=1e-6, implied_volatility=0.05)
    profile = naive_profile(chain).net(np.array([80.0, 100.0, 120.0]))[0]
    assert max(profile[0], profile[2]) < 1e-200
    assert profile[1] > 0


def test_a_strike_has_the_volatility_of_its_out_of_the_money_side():
    chain = make_chain(
        [90, 90, 110, 110, 100, 100],
        [True, False, True, False, True, False],
        implied_volatility=[0.5, 0.3, 0.25, 0.6, 0.2, 0.21],
    )
    (volatility,) = one_per_strike(chain, chain.implied_volatility)
    assert volatility.tolist() == [0.3, 0.3, 0.25, 0.25, 0.2, 0.2]


def test_the_side_of_a_strike_is_that_of_the_forward():
    chain = make_chain([102, 102], [True, False], implied_volatility=[0.25, 0.3], forward=104.0, rate=0.01)
    (volatility,) = one_per_strike(chain, chain.implied_volatility)
    assert volatility.tolist() == [0.3, 0.3]


def test_a_missing_volatility_is_copied_from_the_other_option_of_the_strike():
    chain = make_chain(
        [90, 90, 100, 100, 90],
        [True, False, True, False, True],
        years=[0.1, 0.1, 0.1, 0.1, 0.2],
        implied_volatility=[0.4, np.nan, np.nan, 0.0, np.nan],
    )
    (filled,) = one_per_strike(chain, chain.implied_volatility)
    assert filled[:2].tolist() == [0.4, 0.4]
    assert np.isnan(filled[2:]).all()


def test_a_volatility_is_not_copied_from_another_root():
    chain = make_chain(
        [90, 90], [False, False], root=["SPX", "SPXW"], years=0.1, implied_volatility=[0.3, np.nan]
    )
    (volatility,) = one_per_strike(chain, chain.implied_volatility)
    assert volatility[0] == 0.3
    assert np.isnan(volatility[1])


def test_wide_quotes_in_the_money_do_not_change_the_profile():
    # As of SPX on 14 September 2023: the gammas of both sides are those of one volatility per strike, while the
    # volatility of the wide quotes in the money is up to two points higher.
    strike = np.repeat(np.arange(90.0, 111.0), 2)
    is_call = np.arange(len(strike)) % 2 == 0
    inside = np.where(is_call, strike < 100, strike > 100)
    chain = make_chain(
        strike,
        is_call,
        years=0.02,
        gamma=black_scholes_gamma(100.0, strike, 0.02, 0.1),
        implied_volatility=np.where(inside, 0.12, 0.1),
        open_interest=np.where(is_call, 500.0, 100.0 + 5 * np.abs(strike - 100)),
    )
    result = snapshot(chain)
    assert result.sensitivity["conventions"]["naive"]["net_repriced"] == pytest.approx(result.total_gamma)


def test_contracts_without_volatility_are_left_out_of_the_profile():
    chain = make_chain([95, 105], [False, True], implied_volatility=[np.nan, 0.2])
    row = snapshot(chain).sensitivity["conventions"]["naive"]
    assert row["without_volatility"] == 1
    assert row["net"] == 0
    assert row["net_repriced"] > 0
    assert row["flip_status"] == "no_root"


def test_contracts_without_open_interest_do_not_count_as_missing():
    chain = make_chain([95, 105], [False, True], implied_volatility=[np.nan, 0.2], open_interest=[0, 10])
    assert snapshot(chain).sensitivity["conventions"]["naive"]["without_volatility"] == 0
