"""Two roots between neighbouring levels of the grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.gamma.conventions import NAIVE
from quant.gamma.flips import flips
from quant.gamma.profile import price_grid, reprice
from tests.quant.chains import make_chain

GRID = price_grid(100.0, 0.2, 161)  # steps of 0.25


WIDE = 0.2 * np.sqrt(0.5)


def planted(centre: float, days: float, height: float, is_call: bool):
    """Return a wide option of one sign and a narrow one of the other, both with the peak of their gamma at `centre`.

    The logarithm of their ratio is height - x^2 / 2 * (1 / narrow^2 - 1 / wide^2) at the shift x from the centre.
    """
    narrow = 0.15 * np.sqrt(days / 365)
    deviation = np.array([WIDE, narrow])
    chain = make_chain(
        centre * np.exp(0.5 * deviation * deviation),
        [is_call, not is_call],
        years=[0.5, days / 365],
        implied_volatility=[0.2, 0.15],
        open_interest=1000 * deviation * np.exp([0.0, height]),
    )
    return reprice(chain, NAIVE.weights(chain)[None], chain.implied_volatility), 1 / narrow**2 - 1 / WIDE**2


@settings(max_examples=200, deadline=None)
@given(
    level=st.integers(20, 140),
    part=st.floats(0.02, 0.98),
    days=st.floats(1 / 1440, 40),
    width=st.floats(1e-3, 0.99),
    is_call=st.booleans(),
)
def test_both_roots_between_neighbouring_levels_are_found(level, part, days, width, is_call):
    """`width` is the distance of the roots as a fraction of what fits between the two levels."""
    centre = float(GRID[level] + part * 0.25)
    room = min(part, 1 - part) * 0.25 / centre * width
    _, curvature = planted(centre, days, 0.0, is_call)
    height = 0.5 * curvature * room * room
    if not 1e-8 < height < 300:  # hidden by rounding errors, or beyond the range of exponents
        return
    profile, _ = planted(centre, days, height, is_call)
    (roots,) = flips(profile, GRID)
    assert roots == pytest.approx(centre * np.exp([-room, room]), abs=1e-5)


def test_a_profile_that_stays_on_one_side_of_zero_has_no_root():
    profile, _ = planted(103.12, 10.0, -1e-6, is_call=True)
    assert len(flips(profile, GRID)[0]) == 0


def test_many_narrow_contracts_give_a_pair_of_roots_each():
    strike = np.arange(81.0, 120.0) + 0.1
    chain = make_chain(
        [100, *strike],
        [True] + [False] * len(strike),
        years=[0.5] + [1 / 525_600] * len(strike),
        open_interest=[1000] + [100] * len(strike),
    )
    (roots,) = flips(reprice(chain, NAIVE.weights(chain)[None], chain.implied_volatility), GRID)
    assert len(roots) == 2 * len(strike)
