"""What a variance strip misses beyond its ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from quant.pricing import black_scholes
from quant.volatility.variance_index import Cut, tail_variance, variance_strip

FORWARD, YEARS, RATE = 100.0, 30 / 365, 0.03


def value(is_call, strike, volatility):
    return black_scholes.price(is_call, FORWARD, strike, YEARS, RATE, RATE, volatility)


@pytest.mark.parametrize("volatility", [0.1, 0.4])
@pytest.mark.parametrize(
    ("is_call", "strike", "ends"), [(False, 95.0, (1.0, 95.0)), (True, 104.0, (104.0, 1000.0))]
)
def test_a_tail_is_the_integral_of_option_values_over_the_squared_strike(is_call, strike, ends, volatility):
    def density(at):
        return 2.0 / YEARS * np.exp(RATE * YEARS) * float(value(is_call, at, volatility)) / at**2

    expected = quad(density, *ends, limit=500, epsabs=0, epsrel=1e-10)[0]
    assert tail_variance(is_call, strike, FORWARD, YEARS, volatility) == pytest.approx(expected, rel=1e-7)


def test_both_tails_beyond_the_forward_are_the_whole_variance():
    tails = [tail_variance(is_call, FORWARD, FORWARD, YEARS, 0.3) for is_call in (True, False)]
    assert sum(tails) == pytest.approx(0.09, rel=1e-12)


def strip(low, high, step=0.25, volatility=0.3, zero_bids=()):
    """Return the strip of exact values from `low` to `high`, without bids at some strikes."""
    strike = np.arange(low, high + step, step)
    call, put = value(True, strike, volatility), value(False, strike, volatility)
    bid_c, bid_p = (np.where(np.isin(strike, zero_bids), 0.0, side) for side in (call, put))
    return variance_strip(strike, bid_c, call, bid_p, put, YEARS, RATE)


@pytest.mark.parametrize(("low", "high"), [(92.0, 107.0), (99.0, 120.0), (70.0, 101.0)])
def test_a_cut_strip_and_its_tails_are_the_whole_variance(low, high):
    found = strip(low, high)
    assert found.variance + found.low_tail + found.high_tail == pytest.approx(0.09, rel=2e-3)
    assert found.low_tail + found.high_tail > 0.002


def test_a_strip_says_why_it_ends():
    whole = strip(80, 120, step=1.0)
    assert (whole.low_cut, whole.high_cut) == (Cut.END_OF_LIST, Cut.END_OF_LIST)
    cut = strip(80, 120, step=1.0, zero_bids=(90.0, 91.0))
    assert (cut.low_cut, cut.high_cut, cut.strike[0]) == (Cut.TWO_ZERO_BIDS, Cut.END_OF_LIST, 92.0)
    assert cut.low_tail > 3 * whole.low_tail
    cut = strip(80, 120, step=1.0, zero_bids=(110.0, 111.0))
    assert (cut.low_cut, cut.high_cut, cut.strike[-1]) == (Cut.END_OF_LIST, Cut.TWO_ZERO_BIDS, 109.0)
    # A single strike without a bid at the end of the list does not end the strip.
    assert strip(80, 120, step=1.0, zero_bids=(80.0,)).low_cut is Cut.END_OF_LIST
