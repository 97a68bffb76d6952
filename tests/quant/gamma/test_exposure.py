from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.gamma.exposure import (
    CUSTOMERS_LONG,
    NAIVE,
    OWN_GAMMA,
    VOLUME_WEIGHTED,
    GammaSnapshot,
    dealer_gamma,
    exposure_by_strike,
    put_call_ratio,
    snapshot,
    totals,
)
from tests.quant.chains import make_chain, random_chain

# At a spot of 100, gamma 0.02 with an open interest of 100 is 0.02 * 100 * 100 * 100^2 * 0.01 = 20,000 $ per 1 %.
TWO_STRIKES = make_chain(
    [105, 105, 95, 95],
    [True, False, True, False],
    gamma=[0.02, 0.02, 0.01, 0.03],
    open_interest=[100, 50, 10, 200],
    volume=[5, 7, 0, 1],
)


def test_exposure_of_two_strikes_matches_a_manual_calculation():
    gex = dealer_gamma(TWO_STRIKES)
    assert gex.tolist() == pytest.approx([20_000, -10_000, 1_000, -60_000], rel=1e-14)
    table = exposure_by_strike(TWO_STRIKES, gex)
    assert table.strike.tolist() == [95, 105]
    assert table.call.tolist() == pytest.approx([1_000, 20_000])
    assert table.put.tolist() == pytest.approx([-60_000, -10_000])
    assert table.net.tolist() == pytest.approx([-59_000, 10_000])
    assert table.call_open_interest.tolist() == [10, 100]
    assert table.put_open_interest.tolist() == [200, 50]
    assert totals(TWO_STRIKES, gex) == pytest.approx((21_000, -70_000, -49_000, 91_000))


def test_dollar_gamma_of_a_published_example():
    # tapeboard.com gives 6.37 million for 0.038 * 62,000 * 100 * 520^2 * 0.01; the product is 637 million.
    chain = make_chain([520], [True], spot=520.0, gamma=0.038, open_interest=62_000)
    assert dealer_gamma(chain)[0] == pytest.approx(637_062_400)


def test_each_convention_has_its_signs_and_weights():
    assert dealer_gamma(TWO_STRIKES, CUSTOMERS_LONG).tolist() == pytest.approx(
        [-20_000, -10_000, -1_000, -60_000]
    )
    assert dealer_gamma(TWO_STRIKES, VOLUME_WEIGHTED).tolist() == pytest.approx([1_000, -1_400, 0, -300])
    own = np.array([0.04, 0.0, np.nan, -1.0])
    gex = dealer_gamma(TWO_STRIKES, OWN_GAMMA, own)
    assert gex[:2].tolist() == pytest.approx([40_000, 0])
    assert np.isnan(gex[2:]).all()
    with pytest.raises(ValueError, match="needs own_gamma"):
        dealer_gamma(TWO_STRIKES, OWN_GAMMA)


def test_a_snapshot_contains_the_values_of_the_exposure_table():
    result = snapshot(TWO_STRIKES)
    assert result.total_gamma == result.dealer_net_gamma == pytest.approx(-49_000)
    assert (result.call_gamma, result.put_gamma) == pytest.approx((21_000, -70_000))
    assert result.gross_gamma == pytest.approx(91_000)
    assert (result.dealer_positioning, result.positioning_strength) == ("SHORT_GAMMA", "STRONG")
    assert result.expected_behavior == "TRENDING"
    assert (result.gamma_wall_resistance, result.gamma_wall_support) == (105, 95)
    assert (result.call_wall, result.put_wall) == (105, 95)
    assert result.distance_to_resistance_pct == pytest.approx(5)
    assert result.distance_to_support_pct == pytest.approx(5)
    assert result.put_call_oi_ratio == pytest.approx(250 / 110)
    assert result.put_call_volume_ratio == pytest.approx(8 / 5)
    assert result.gamma_by_strike["105"] == {"call": 20_000, "put": -10_000, "net": 10_000}
    assert result.oi_by_strike["95"] == {"call": 10, "put": 200}
    assert result.contracts_used == result.contracts == 4


def test_strike_keys_have_no_trailing_zeros():
    chain = make_chain([6477.5, 6480.0], [True, True], spot=6470.0)
    assert list(snapshot(chain).gamma_by_strike) == ["6477.5", "6480"]


def test_excluded_contracts_are_counted_by_reason():
    chain = make_chain(
        [100] * 6,
        [True] * 6,
        years=[0.1, 0.0, 0.1, 0.1, 0.1, np.nan],
        gamma=[0.02, 0.02, np.nan, -0.1, 0.02, 0.02],
        open_interest=[100, 100, 100, 100, np.nan, 100],
    )
    result = snapshot(chain)
    assert result.rejected == {
        "no_underlying": 0,
        "expired": 2,
        "no_gamma": 1,
        "insane_gamma": 1,
        "no_open_interest": 1,
    }
    assert result.contracts_used == 1
    assert result.total_gamma == pytest.approx(20_000)


def test_settled_contracts_are_excluded_from_ratios_and_open_interest():
    chain = make_chain([100, 110], [True, False], years=[-0.001, 0.1])
    result = snapshot(chain)
    assert list(result.oi_by_strike) == ["110"]
    assert result.put_call_oi_ratio is None


def test_zero_dte_share_is_the_share_of_gross_gamma_that_expires_today():
    # 1.5 hours left (14:30 on the day of expiration), and 25.5 hours left.
    chain = make_chain([100, 100], [True, False], years=[1.5 / 24 / 365, 25.5 / 24 / 365])
    assert snapshot(chain).zero_dte_share == pytest.approx(0.5)
    assert chain.days_to_expiry.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("hours", "days"),
    [
        pytest.param(6.5, 0, id="afternoon settlement, at the open"),
        pytest.param(0.01, 0, id="36 seconds before settlement"),
        pytest.param(17.25, 1, id="tomorrow's morning settlement, at 16:15"),
        pytest.param(11.0, 0, id="afternoon settlement, before the market opens"),
        pytest.param(13.0, 1, id="tomorrow's morning settlement, in the evening"),
        pytest.param(24.0, 1, id="tomorrow, at the close"),
        pytest.param(30.5, 1, id="tomorrow, at the open"),
        pytest.param(71.0, 3, id="Friday's close to Monday, an hour lost to daylight saving"),
        pytest.param(69.0, 3, id="Friday's close to Monday 13:00"),
    ],
)
def test_days_to_expiry_for_the_remaining_hours(hours, days):
    assert make_chain([100], [True], years=hours / 24 / 365).days_to_expiry[0] == days


def test_put_call_ratios_without_calls_are_none():
    puts = make_chain([100, 90], [False, False])
    assert put_call_ratio(puts, puts.open_interest) is None
    assert put_call_ratio(TWO_STRIKES, np.zeros(4)) is None


EMPTY = make_chain([], [])
UNKNOWN_SPOT = make_chain([95, 105], [True, False], spot=np.nan)


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param(EMPTY, id="empty"),
        pytest.param(UNKNOWN_SPOT, id="no spot"),
        pytest.param(make_chain([95, 105], [True, False], years=0.0), id="all settled"),
        pytest.param(make_chain([95, 105], [True, False], gamma=np.inf), id="insane gamma"),
        pytest.param(make_chain([95, 105], [True, False], open_interest=0.0), id="no open interest"),
    ],
)
def test_a_snapshot_without_usable_contracts_has_none_values(chain):
    result: GammaSnapshot = snapshot(chain, own_gamma=chain.gamma, own_iv=chain.implied_volatility)
    assert result.total_gamma is result.gross_gamma is result.dealer_positioning is None
    assert result.positioning_strength is result.expected_behavior is None
    assert result.gamma_wall_resistance is result.gamma_wall_support is result.gamma_flip is None
    assert (result.flip_points, result.flip_status) == ((), "no_profile")
    json.dumps(result.sensitivity, allow_nan=False)


@pytest.mark.parametrize("seed", range(5))
def test_the_naive_sensitivity_equals_the_totals_of_the_snapshot_exactly(seed):
    result = snapshot(random_chain(3000, seed))
    naive = result.sensitivity["conventions"]["naive"]
    assert (naive["net"], naive["gross"]) == (result.total_gamma, result.gross_gamma)


def test_sensitivity_is_valid_json_and_compares_the_conventions():
    table = snapshot(TWO_STRIKES, own_gamma=TWO_STRIKES.gamma * 2).sensitivity
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    nets = {name: row["net"] for name, row in table["conventions"].items()}
    assert nets == pytest.approx(
        {"naive": -49_000, "customers_long": -91_000, "volume_weighted": -700, "own_gamma": -98_000}
    )
    # The ratio of the volume-weighted convention is -700 / 2,700, which is -23,593 on the naive gross of 91,000.
    comparable = {name: row["comparable_net"] for name, row in table["conventions"].items()}
    on_naive = -700 / 2_700 * 91_000
    assert comparable == pytest.approx(nets | {"volume_weighted": on_naive})
    assert table["net"]["low"] == pytest.approx(-98_000)
    assert table["net"]["high"] == pytest.approx(on_naive)
    assert table["net"]["spread_of_gross"] == pytest.approx((98_000 + on_naive) / 91_000)
    assert table["bound"] == pytest.approx(-91_000)
    assert table["signs_agree"] is True


LONG = make_chain([105, 95], [True, False], gamma=[0.03, 0.01], volume=[5, 50])


def test_customers_long_does_not_vote():
    table = snapshot(replace(LONG, volume=np.array([50.0, 5.0])), own_gamma=LONG.gamma).sensitivity
    assert table["signs_agree"] is True
    assert table["net"]["low"] > 0 > table["bound"]


@pytest.mark.parametrize(
    ("own_gamma", "volume", "agree"),
    [
        pytest.param(LONG.gamma, [5.0, 50.0], False, id="volume is short"),
        pytest.param(None, [50.0, 5.0], None, id="own gamma is unknown, the others agree"),
        pytest.param(None, [5.0, 50.0], False, id="own gamma is unknown, the others differ"),
        pytest.param(LONG.gamma, [0.0, 0.0], None, id="no volume yet"),
    ],
)
def test_three_of_three_conventions_must_have_the_same_sign(own_gamma, volume, agree):
    table = snapshot(replace(LONG, volume=np.array(volume)), own_gamma=own_gamma).sensitivity
    assert table["signs_agree"] is agree


def test_the_flip_is_none_where_profile_and_net_differ_in_sign():
    # The provider's gammas make dealers short at spot, the volatilities make them long.
    result = snapshot(make_chain([110, 90], [True, False], years=0.25, gamma=[0.01, 0.02], spot=102.0))
    assert result.total_gamma < 0 < result.sensitivity["conventions"]["naive"]["net_repriced"]
    assert (result.gamma_flip, result.flip_status, len(result.flip_points)) == (None, "disagrees", 1)


def test_a_convention_without_data_is_none():
    table = snapshot(replace(TWO_STRIKES, volume=np.zeros(4))).sensitivity
    assert table["conventions"]["volume_weighted"] is None
    assert table["conventions"]["own_gamma"] is None


def test_own_volatility_changes_only_the_flip_of_own_gamma():
    chain = make_chain([110, 90], [True, False], implied_volatility=0.2, gamma=[0.02, 0.01])
    own_iv = np.array([0.2, 0.4])
    rows = snapshot(chain, own_gamma=chain.gamma, own_iv=own_iv).sensitivity["conventions"]
    assert rows["naive"]["flip"] == snapshot(chain).gamma_flip
    assert abs(rows["own_gamma"]["flips"][0] - rows["naive"]["flips"][0]) > 0.5


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 1000))
def test_exposure_scales_linearly_in_open_interest(seed, factor):
    chain = random_chain(60, seed)
    scaled = snapshot(replace(chain, open_interest=chain.open_interest * factor))
    base = snapshot(chain)
    assert scaled.gross_gamma == pytest.approx(base.gross_gamma * factor, rel=1e-12)
    assert scaled.total_gamma == pytest.approx(base.total_gamma * factor, rel=1e-12, abs=1e-9)
    assert scaled.gamma_wall_resistance == base.gamma_wall_resistance
    assert scaled.flip_points == pytest.approx(base.flip_points, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_contracts_does_not_matter(seed):
    chain = random_chain(60, seed)
    shuffled = chain.select(np.random.default_rng(seed).permutation(len(chain)))
    expected, result = snapshot(chain), snapshot(shuffled)
    assert result.total_gamma == pytest.approx(expected.total_gamma, rel=1e-9, abs=1e-6)
    assert result.gamma_by_strike.keys() == expected.gamma_by_strike.keys()
    assert result.flip_points == pytest.approx(expected.flip_points, rel=1e-9)
    for name in ("gamma_wall_resistance", "gamma_wall_support", "call_wall", "put_wall", "expected_behavior"):
        assert getattr(result, name) == getattr(expected, name)


def test_columns_of_different_length_raise():
    with pytest.raises(ValueError, match="equally long"):
        replace(TWO_STRIKES, gamma=np.ones(3))


@pytest.mark.parametrize("spot", [0.0, -1.0, np.inf])
def test_a_spot_that_is_not_positive_and_finite_raises(spot):
    with pytest.raises(ValueError, match="spot must be a positive number"):
        replace(TWO_STRIKES, spot=spot)


def test_naive_is_the_default_convention():
    assert dealer_gamma(TWO_STRIKES).tolist() == dealer_gamma(TWO_STRIKES, NAIVE).tolist()
