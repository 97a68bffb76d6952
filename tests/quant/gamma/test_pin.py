"""The strike of the contracts that settle at today's close, and shares of open interest."""

from __future__ import annotations

import numpy as np
import pytest

from quant.gamma.pin import SessionPin, largest_net_strike, session_pin, usable_share
from tests.quant.chains import make_chain

HOUR = 1.0 / (24 * 365)


def test_pin_is_the_strike_with_the_largest_open_interest_times_gamma():
    chain = make_chain(
        [100, 100, 101, 102],
        [True, False, True, True],
        years=[HOUR, HOUR, HOUR, 30 * 24 * HOUR],
        open_interest=[100, 200, 500, 90_000],
        gamma=[0.2, 0.2, 0.1, 0.2],
    )
    assert session_pin(chain) == SessionPin(100.0, 300.0, pytest.approx(60 / 110), settles_today=True)


def test_contracts_settled_at_the_open_are_no_pin_but_settle_today():
    chain = make_chain([100, 101], [True, True], years=[-6 * HOUR, 30 * 24 * HOUR])
    assert session_pin(chain) == SessionPin(None, None, None, settles_today=True)


def test_chain_without_contracts_of_today_settles_nothing():
    assert session_pin(make_chain([100], [True], years=30 * 24 * HOUR)).settles_today is False
    assert session_pin(make_chain([100], [True], years=-20 * HOUR)).settles_today is False


@pytest.mark.parametrize("column", [{"gamma": np.nan}, {"open_interest": np.nan}, {"gamma": -0.1}])
def test_contracts_without_a_usable_gamma_are_left_out(column):
    assert session_pin(make_chain([100], [True], years=HOUR, **column)).strike is None


def test_largest_net_strike_ignores_the_sign():
    assert largest_net_strike(np.array([99.0, 100.0, 101.0]), np.array([5.0, -9.0, 7.0]), 100.5) == 100.0
    assert largest_net_strike(np.array([99.0]), np.array([0.0]), 100.0) is None


def test_usable_share_counts_open_interest_of_contracts_not_settled():
    chain = make_chain(
        [1, 2, 3, 4],
        [True] * 4,
        years=[0.1, 0.1, -0.1, 0.1],
        open_interest=[30, 10, 500, np.nan],
        gamma=[0.1, np.nan, 0.1, 0.1],
    )
    assert usable_share(chain) == 0.75
    assert usable_share(make_chain([1], [True], open_interest=0.0)) is None


def test_values_that_are_no_numbers_are_left_out():
    chain = make_chain(
        [100, 101, 102], [True] * 3, years=HOUR, open_interest=[np.inf, 10, 30], gamma=[0.0, np.inf, 0.1]
    )
    assert session_pin(chain) == SessionPin(102.0, 30.0, 1.0, settles_today=True)
    assert usable_share(chain) == 0.75
