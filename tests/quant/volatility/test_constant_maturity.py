from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from quant.chain import COLUMNS, OptionChain
from quant.pricing import black_scholes
from quant.volatility.iv_rank import (
    atm_curve,
    constant_maturity_iv,
    documented_iv,
    risk_reversal_25d,
    term_slope,
)
from tests.quant.chains import make_chain


def surface(volatilities):
    """Return a call and a put at 95, 100, 105 for each {days: at-the-money volatility}; the forward is 100."""
    strike, is_call, years, volatility, mid = [], [], [], [], []
    for days, level in volatilities.items():
        for k in (95.0, 100.0, 105.0):
            for call in (True, False):
                strike.append(k)
                is_call.append(call)
                years.append(days / 365)
                volatility.append(level + (0.1 if k != 100 else 0.0))
                mid.append(3.0 + max(100 - k if call else k - 100, 0.0))
    mids = np.array(mid)
    return make_chain(
        strike,
        is_call,
        years=years,
        implied_volatility=volatility,
        bid=mids - 0.1,
        ask=mids + 0.1,
    )


def test_the_atm_strike_has_the_smallest_difference_of_call_and_put():
    curve = atm_curve(surface({20: 0.20, 40: 0.30}))
    assert curve.strike.tolist() == [100, 100]
    assert curve.volatility == pytest.approx([0.20, 0.30])
    assert curve.days.tolist() == [20, 40]


def test_volatilities_of_call_and_put_are_averaged():
    chain = make_chain([100, 100], [True, False], years=30 / 365, implied_volatility=[0.18, 0.22])
    assert constant_maturity_iv(chain) == pytest.approx(0.20)


def test_total_variance_is_interpolated_at_thirty_days():
    # (20 * 0.2^2 + 40 * 0.3^2) / 2 = 2.2 over 30 days.
    assert constant_maturity_iv(surface({20: 0.20, 40: 0.30})) == pytest.approx(np.sqrt(2.2 / 30))


def test_a_single_expiration_is_used_from_15_to_45_days():
    assert constant_maturity_iv(surface({15.5: 0.25})) == pytest.approx(0.25)
    assert constant_maturity_iv(surface({44.5: 0.25, 70: 0.3})) == pytest.approx(0.25)
    assert np.isnan(constant_maturity_iv(surface({14: 0.25})))
    assert np.isnan(constant_maturity_iv(surface({46: 0.25})))


def test_the_documented_iv_uses_expirations_of_30_to_45_days():
    two = surface({32: 0.20, 43: 0.30, 90: 0.9})
    weight = (37.5 - 32) / (43 - 32)
    total = 32 * 0.04 + weight * (43 * 0.09 - 32 * 0.04)
    assert documented_iv(two) == pytest.approx(np.sqrt(total / 37.5))
    assert documented_iv(surface({20: 0.9, 35: 0.25, 60: 0.9})) == pytest.approx(0.25)
    assert documented_iv(surface({31: 0.2, 33: 0.3})) == pytest.approx(0.3)


def test_the_documented_iv_falls_back_to_the_thirty_day_iv():
    chain = surface({20: 0.2, 60: 0.3})
    assert documented_iv(chain) == constant_maturity_iv(chain)
    assert np.isnan(documented_iv(surface({200: 0.3})))


@pytest.mark.parametrize(
    "flaw",
    [
        pytest.param({"bid": 0.0}, id="zero bid"),
        pytest.param({"bid": 2.0, "ask": 1.0}, id="crossed"),
        pytest.param({"bid": 1.0, "ask": 1.7}, id="wider than half the mid"),
        pytest.param({"bid": np.nan}, id="one-sided"),
        pytest.param({"implied_volatility": 0.009}, id="volatility under 1 %"),
        pytest.param({"implied_volatility": 3.01}, id="volatility over 300 %"),
        pytest.param({"implied_volatility": np.nan}, id="no volatility"),
        pytest.param({"years": 0.0}, id="settled"),
    ],
)
def test_contracts_with_invalid_values_are_ignored(flaw):
    chain = make_chain([100, 100], [True, False], **({"years": 30 / 365} | flaw))
    assert np.isnan(constant_maturity_iv(chain))


def test_a_chain_without_quotes_uses_the_strike_nearest_to_spot():
    chain = surface({30: 0.2})
    unquoted = replace(chain, bid=np.full(len(chain), np.nan), ask=np.full(len(chain), np.nan))
    assert constant_maturity_iv(unquoted) == pytest.approx(0.2)


def unquoted_smile(forward, noise=0.0):
    """Return calls and puts of 30 days at 90, 91 ... 110 without quotes; spot is 100.

    The volatility is 0.2 - 0.2 * log(strike / forward), plus and minus `noise` at alternating strikes.
    """
    strike = np.repeat(np.arange(90.0, 111.0), 2)
    is_call = np.tile([True, False], 21)
    years = 30 / 365
    volatility = 0.2 - 2.0 * np.log(strike / forward) * 0.1
    volatility = volatility + noise * np.repeat(np.resize([1.0, -1.0], 21), 2)
    deviation = volatility * np.sqrt(years)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    carry_discount = 0.999
    delta = carry_discount * np.where(is_call, ndtr(d1), ndtr(d1) - 1)
    none = np.full(42, np.nan)
    return make_chain(
        strike, is_call, years=years, implied_volatility=volatility, delta=delta, bid=none, ask=none
    )


def test_a_chain_without_quotes_uses_the_forward_implied_by_its_deltas():
    curve = atm_curve(unquoted_smile(forward=103.1))
    assert curve.strike.tolist() == [103.0]
    assert curve.forward == pytest.approx([103.1])
    assert curve.volatility == pytest.approx([0.2], abs=1e-9)


def quoted_smile(forward, spacing):
    """Return calls and puts of 30 days at strikes around 100, quoted by Black's formula without a rate.

    The volatility is 0.2 - 0.3 k + 0.5 k², where k is the logarithm of strike over forward.
    """
    strike = np.repeat(np.arange(80.0, 121.0, spacing), 2)
    is_call = np.tile([True, False], len(strike) // 2)
    k = np.log(strike / forward)
    volatility = 0.2 - 0.3 * k + 0.5 * k * k
    mid = black_scholes.price(is_call, forward, strike, 30 / 365, 0.0, 0.0, volatility)
    quoted = {"bid": mid * 0.99, "ask": mid * 1.01, "implied_volatility": volatility}
    return make_chain(strike, is_call, years=30 / 365, **quoted)


@pytest.mark.parametrize("spacing", [0.5, 1.0, 2.5, 5.0])
def test_the_smile_is_read_at_the_forward_between_the_strikes(spacing):
    chain = quoted_smile(forward=101.3, spacing=spacing)
    known = replace(chain, forward=np.full(len(chain), 101.3), rate=np.zeros(len(chain)))
    for one, tolerance in ((known, 1e-5), (chain, 1e-4)):
        assert atm_curve(one).volatility == pytest.approx([0.2], abs=tolerance * spacing)


def test_adjusted_contracts_have_a_curve_of_their_own():
    chain = quoted_smile(forward=101.3, spacing=1.0)
    other = replace(
        chain, root=np.full(len(chain), "XYZ1"), implied_volatility=chain.implied_volatility + 0.6
    )
    both = OptionChain(
        **{name: np.concatenate([getattr(chain, name), getattr(other, name)]) for name in COLUMNS}, spot=100.0
    )
    alone, together = atm_curve(chain), atm_curve(both)
    assert together.root.tolist() == ["XYZ", "XYZ1"]
    assert together.volatility[0] == alone.volatility[0]


def test_a_chain_without_quotes_uses_a_line_through_noisy_volatilities():
    # Five strikes are within half a standard deviation (2.87) of the forward; the noise is +0.01 and -0.01 in turn.
    curve = atm_curve(unquoted_smile(forward=100.0, noise=0.01))
    assert curve.volatility[0] == pytest.approx(0.2, abs=0.0025)
    assert abs(unquoted_smile(100.0, 0.01).implied_volatility[20] - 0.2) == pytest.approx(0.01)


def test_an_empty_chain_has_no_volatility():
    empty = make_chain([], [])
    results = (constant_maturity_iv(empty), documented_iv(empty), risk_reversal_25d(empty), term_slope(empty))
    assert np.isnan(results).all()


def test_the_risk_reversal_is_put_minus_call_volatility_at_25_delta():
    chain = make_chain(
        [90, 95, 105, 110],
        [False, False, True, True],
        years=30 / 365,
        delta=[-0.20, -0.30, 0.30, 0.20],
        implied_volatility=[0.30, 0.26, 0.20, 0.18],
    )
    assert risk_reversal_25d(chain) == pytest.approx(0.28 - 0.19)


def test_the_risk_reversal_is_nan_without_contracts_around_25_delta():
    chain = make_chain([90, 110], [False, True], years=30 / 365, delta=[-0.2, 0.2])
    assert np.isnan(risk_reversal_25d(chain))


def test_the_term_slope_is_iv_at_60_days_minus_iv_at_30_days():
    assert term_slope(surface({30: 0.20, 60: 0.24})) == pytest.approx(0.04)
