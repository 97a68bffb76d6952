from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant.gamma.by_expiration import by_expiration
from quant.gamma.exposure import snapshot
from quant.gamma.max_pain import max_pain
from quant.pricing import black_scholes
from tests.quant.chains import make_chain, random_chain

# At a spot of 100, 100 contracts of 100 shares are 1,000,000 dollars of the underlying.
CHAIN = make_chain(
    [100, 100, 100, 105],
    [True, False, True, False],
    root=["SPX", "SPXW", "SPXW", "SPXW"],
    expiration=["2026-01-16", "2026-01-16", "2026-01-16", "2026-01-23"],
    years=[4.7 / 365, 5 / 365, 5 / 365, 12 / 365],
    delta=[0.5, -0.4, 0.6, -0.7],
    gamma=[0.02, 0.03, 0.01, 0.04],
    open_interest=[100, 100, 50, 10],
    volume=[1, 2, 3, np.nan],
)


def test_exposure_is_added_up_by_root_and_settlement():
    found = by_expiration(CHAIN)
    assert found.root.tolist() == ["SPX", "SPXW", "SPXW"]
    assert found.expiration.astype(str).tolist() == ["2026-01-16", "2026-01-16", "2026-01-23"]
    assert found.days.tolist() == [5, 5, 12]
    assert found.bucket.tolist() == ["WEEK", "WEEK", "MONTH"]
    assert found.contracts.tolist() == [1, 2, 1]
    assert found.call_gamma[:2].tolist() == pytest.approx([20_000, 5_000])
    assert found.put_gamma[1:].tolist() == pytest.approx([-30_000, -4_000])
    assert found.net_gamma.tolist() == pytest.approx([20_000, -25_000, -4_000])
    # Long calls and short puts are both long: 0.6 * 50 + 0.4 * 100 contracts.
    assert found.delta.tolist() == pytest.approx([500_000, 700_000, 70_000])
    assert found.call_open_interest[:2].tolist() == [100, 50]
    assert found.put_open_interest[1:].tolist() == [100, 10]
    assert found.call_volume[:2].tolist() == [1, 3]
    assert found.put_volume[1] == 2
    assert found.max_pain.tolist() == [100, 100, 105]


def test_sums_without_a_known_value_are_nan():
    found = by_expiration(CHAIN)
    assert np.isnan(
        [found.put_gamma[0], found.call_gamma[2], found.put_open_interest[0], found.put_volume[2]]
    ).all()
    unknown = by_expiration(replace(CHAIN, spot=np.nan))
    assert np.isnan([unknown.net_gamma, unknown.delta, unknown.vanna, unknown.charm]).all()


def test_vanna_and_charm_are_differences_of_the_dollar_delta():
    chain = replace(
        CHAIN,
        forward=np.full(4, 100.4),
        rate=np.full(4, 0.05),
        implied_volatility=np.array([0.2, 0.25, 0.25, 0.3]),
    )
    dividend_yield = 0.05 - np.log(1.004) / chain.years

    def dollars(years, volatility):
        delta = black_scholes.greeks(
            chain.is_call, 100.0, chain.strike, years, 0.05, dividend_yield, volatility
        ).delta
        position = np.where(chain.is_call, 1, -1) * chain.open_interest * delta * 100 * 100
        return np.array([position[0], position[1] + position[2], position[3]])

    found = by_expiration(chain)
    up, down = (dollars(chain.years, chain.implied_volatility + change) for change in (1e-5, -1e-5))
    assert found.vanna == pytest.approx((up - down) / 2e-5 * 0.01, rel=1e-6)
    later, earlier = (
        dollars(chain.years - hours / 8760, chain.implied_volatility) for hours in (0.01, -0.01)
    )
    assert found.charm == pytest.approx((later - earlier) / 0.02 * 24, rel=1e-4)


@pytest.mark.parametrize(
    ("days", "bucket"), [(0, "ZERO_DTE"), (1, "WEEK"), (7, "WEEK"), (8, "MONTH"), (30, "MONTH"), (31, "REST")]
)
def test_the_bucket_of_days_to_expiration(days, bucket):
    assert by_expiration(make_chain([100], [True], years=(days + 0.1) / 365)).bucket.tolist() == [bucket]


@pytest.mark.parametrize("seed", range(3))
def test_the_sums_of_all_expirations_are_those_of_the_snapshot(seed):
    chain = random_chain(500, seed)
    expiration = np.datetime64("2026-01-01") + np.round(chain.years * 365).astype(int)
    chain = replace(chain, expiration=expiration)
    found, whole = by_expiration(chain), snapshot(chain)
    assert np.nansum(found.net_gamma) == pytest.approx(whole.total_gamma)
    assert np.nansum(found.call_gamma) == pytest.approx(whole.call_gamma)
    assert found.max_pain.tolist() == max_pain(chain).strike.tolist()
    assert found.contracts.sum() == len(chain)


def test_settled_contracts_are_excluded():
    chain = make_chain([100, 100], [True, True], expiration=["2026-01-15", "2026-01-16"], years=[0.0, 0.01])
    assert by_expiration(chain).expiration.astype(str).tolist() == ["2026-01-16"]
    assert len(by_expiration(make_chain([], [])).root) == 0


def test_two_expirations_that_settle_together_are_two_rows():
    """The exchange was closed on 9 January 2025, so that contracts of that day settle on the 8th."""
    chain = make_chain(
        [100, 110, 100, 105],
        [True, False, True, False],
        root="SPXW",
        expiration=["2025-01-08", "2025-01-09", "2025-01-10", "2025-01-10"],
        years=[2 / 365, 2 / 365, 4 / 365, 4 / 365],
        open_interest=[1, 2, 3, 4],
    )
    found = by_expiration(chain)
    assert found.expiration.astype(str).tolist() == ["2025-01-08", "2025-01-09", "2025-01-10"]
    assert found.contracts.tolist() == [1, 1, 2]
    assert found.max_pain.tolist() == max_pain(chain).strike.tolist()
    assert len(found.max_pain) == 3
