from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.gamma.conventions import NAIVE
from quant.gamma.exposure import snapshot
from quant.gamma.flips import flips
from quant.gamma.profile import complete_volatility, price_grid, reprice
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


def test_rate_and_dividend_yield_are_used_as_in_mertons_formula():
    chain = make_chain([100], [True], years=1.0, implied_volatility=0.2)
    profile = reprice(chain, NAIVE.weights(chain)[None], chain.implied_volatility, 0.05, 0.02)
    d1 = (0.05 - 0.02 + 0.5 * 0.04) / 0.2
    gamma = np.exp(-0.02) * np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi) / (100 * 0.2)
    assert profile.net(np.array([100.0]))[0, 0] == pytest.approx(gamma * 100 * 100 * 100**2 * 0.01)


def test_a_call_and_a_put_flip_where_their_gammas_are_equal():
    # With equal time and volatility the gammas are equal where one d1 is the negative of the other.
    chain = make_chain([110, 90], [True, False], years=0.25, implied_volatility=0.2)
    flip = np.sqrt(110 * 90) * np.exp(-0.5 * 0.2**2 * 0.25)
    result = snapshot(chain)
    assert result.flip_points == pytest.approx((flip,), rel=1e-10)
    assert result.gamma_flip == pytest.approx(flip, rel=1e-10)


def test_all_flips_are_returned_and_gamma_flip_is_the_one_nearest_to_spot():
    chain = make_chain([90, 100, 110], [False, True, False], years=0.02, open_interest=[100, 150, 100])
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
    assert len(roots) == np.count_nonzero(np.diff(np.sign(net)))
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
    assert (result.gamma_flip, result.flip_points) == (None, ())


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


def test_a_missing_volatility_is_copied_from_the_other_option_of_the_strike():
    chain = make_chain(
        [90, 90, 100, 100, 90],
        [True, False, True, False, True],
        years=[0.1, 0.1, 0.1, 0.1, 0.2],
        implied_volatility=[np.nan, 0.3, np.nan, 0.0, np.nan],
    )
    filled = complete_volatility(chain, chain.implied_volatility)
    assert filled[:2].tolist() == [0.3, 0.3]
    assert np.isnan(filled[2:]).all()


def test_contracts_without_volatility_are_left_out_of_the_profile():
    chain = make_chain([95, 105], [False, True], implied_volatility=[np.nan, 0.2])
    row = snapshot(chain).sensitivity["conventions"]["naive"]
    assert row["without_volatility"] == 1
    assert row["net"] == 0
    assert row["net_repriced"] > 0


def test_contracts_without_open_interest_do_not_count_as_missing():
    chain = make_chain([95, 105], [False, True], implied_volatility=[np.nan, 0.2], open_interest=[0, 10])
    assert snapshot(chain).sensitivity["conventions"]["naive"]["without_volatility"] == 0
