"""Moments and SKEW of the chains of the VIX white paper, and chains without an index."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.chain_variance import chain_variance_index
from quant.volatility.skew_index import chain_skew_index, log_moments, skew_index
from quant.volatility.variance_index import variance_strip
from tests.quant.chains import make_chain
from tests.quant.volatility.test_variance_index import NEAR, NEXT


@pytest.mark.parametrize(
    ("term", "moments", "skewness"),
    [
        pytest.param(NEAR, (-6.309581551e-4, 1.3179825266e-3, -1.8468435339e-4), -3.80940416, id="near"),
        pytest.param(NEXT, (-8.306530377e-4, 1.7431043497e-3, -2.6899595251e-4), -3.63873341, id="next"),
    ],
)
def test_the_moments_of_both_expirations_of_the_white_paper(term, moments, skewness):
    quotes, years, rate = term
    found = log_moments(variance_strip(*quotes, years, rate), years, rate)
    assert tuple(found) == pytest.approx(moments, rel=1e-9)
    assert found.skewness == pytest.approx(skewness, abs=5e-9)


def chain_of_the_white_paper(*terms):
    columns = {name: [] for name in ("strike", "is_call", "bid", "ask", "years", "rate")}
    for (strike, call_bid, call_ask, put_bid, put_ask), years, rate in terms:
        for is_call, bid, ask in ((True, call_bid, call_ask), (False, put_bid, put_ask)):
            for name, values in zip(columns, (strike, is_call, bid, ask, years, rate), strict=True):
                columns[name].append(np.broadcast_to(values, len(strike)))
    return make_chain(
        **{name: np.concatenate(parts) for name, parts in columns.items()}, root="SPXW", spot=1962.0
    )


def test_the_index_of_the_white_paper_is_136_907986():
    chain = chain_of_the_white_paper(NEAR, NEXT)
    assert chain_variance_index(chain).level == pytest.approx(0.136858205, abs=5e-10)
    assert chain_skew_index(chain) == pytest.approx(136.907986, abs=5e-7)


def test_the_index_is_linear_in_time():
    assert skew_index(-4.0, 43_200, -2.0, 50_000) == 140.0
    assert skew_index(-4.0, 38_200, -2.0, 48_200) == 130.0


def test_one_expiration_has_no_index():
    assert np.isnan(chain_skew_index(chain_of_the_white_paper(NEAR)))


def test_a_lognormal_strip_has_the_skewness_of_a_normal_log_return():
    """Its log return is normally distributed with the mean -w / 2 and the variance w."""
    from quant.pricing import black_scholes

    strike, years, volatility = np.linspace(20.0, 400.0, 3801), 0.5, 0.2
    call, put = (
        black_scholes.price(side, 100.0, strike, years, 0.0, 0.0, volatility) for side in (True, False)
    )
    strip = variance_strip(strike, call, call, put, put, years, 0.0)
    moments = log_moments(strip, years, 0.0)
    variance = volatility**2 * years
    assert moments.first == pytest.approx(-variance / 2, rel=1e-4)
    assert moments.second == pytest.approx(variance + variance**2 / 4, rel=1e-4)
    assert moments.skewness == pytest.approx(0.0, abs=2e-3)


def test_a_strip_of_one_strike_has_no_moments():
    strip = variance_strip([100.0], [1.0], [1.1], [1.0], [1.1], 0.1, 0.0)
    assert np.isnan(log_moments(strip, 0.1, 0.0)).all()
    assert np.isnan(log_moments(strip, 0.1, 0.0).skewness)
