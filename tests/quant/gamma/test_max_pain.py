from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.gamma.max_pain import max_pain
from tests.quant.chains import make_chain, random_chain


def test_max_pain_matches_a_manual_calculation():
    # Payout per share at 90: puts 100 * 10 + 200 * 20 = 5,000. At 100: calls 50 * 10, puts 200 * 10, in total 2,500.
    # At 110: calls 50 * 20 + 100 * 10 = 2,000, the minimum.
    chain = make_chain([90, 100, 100, 110], [True, True, False, False], open_interest=[50, 100, 100, 200])
    result = max_pain(chain)
    assert result.strike.tolist() == [110]
    assert result.payout.tolist() == [200_000]


def test_max_pain_is_computed_per_root_and_expiration():
    chain = make_chain(
        [90, 110, 90, 110, 95, 105],
        [True, False] * 3,
        root=["SPX", "SPX", "SPXW", "SPXW", "SPX", "SPX"],
        expiration=["2026-01-16"] * 4 + ["2025-12-19"] * 2,
        open_interest=[100, 1, 1, 100, 1, 2],
    )
    result = max_pain(chain)
    assert result.root.tolist() == ["SPX", "SPX", "SPXW"]
    assert result.expiration.astype(str).tolist() == ["2025-12-19", "2026-01-16", "2026-01-16"]
    assert result.strike.tolist() == [105, 90, 110]


def test_of_equal_payouts_the_strike_nearest_to_spot_is_returned():
    chain = make_chain([90, 98, 110], [False, True, True], open_interest=[1, 0, 1], spot=100.0)
    # The payout is zero everywhere between 90 and 110.
    assert max_pain(chain).strike.tolist() == [98]


def test_max_pain_without_open_interest_is_nan():
    result = max_pain(make_chain([90, 110], [True, False], open_interest=[0.0, np.nan]))
    assert np.isnan(result.strike).all()
    assert len(result.root) == 1


def test_settled_contracts_and_empty_chains_give_an_empty_result():
    for chain in (make_chain([], []), make_chain([90], [True], years=0.0)):
        assert max_pain(chain).strike.shape == (0,)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_listed_strike_has_a_smaller_payout(seed):
    chain = random_chain(30, seed)
    result = max_pain(chain)
    held = chain.open_interest * 100.0
    moneyness = chain.strike[:, None] - chain.strike[None, :]
    intrinsic = np.maximum(np.where(chain.is_call[None, :], moneyness, -moneyness), 0.0)
    assert result.payout[0] == pytest.approx((intrinsic @ held).min(), rel=1e-9, abs=1e-6)
