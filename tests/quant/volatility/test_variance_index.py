"""The example of the Cboe VIX white paper, and the limits of its rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quant.volatility.variance_index import expiration_variance, thirty_day_index, variance_strip

DATA = Path(__file__).parents[2] / "data"
YEAR = 525_600.0
NEAR = (np.loadtxt(DATA / "vix_whitepaper_near.tsv").T, 35_924 / YEAR, 0.000305)
NEXT = (np.loadtxt(DATA / "vix_whitepaper_next.tsv").T, 46_394 / YEAR, 0.000286)


@pytest.mark.parametrize(
    ("term", "forward", "variance", "count"),
    [
        pytest.param(NEAR, 1962.89996, 0.01846292, 146, id="near"),
        pytest.param(NEXT, 1962.40006, 0.01882101, 122, id="next"),
    ],
)
def test_both_expirations_of_the_white_paper(term, forward, variance, count):
    quotes, years, rate = term
    strip = variance_strip(*quotes, years, rate)
    assert strip.forward == pytest.approx(forward, abs=5e-6)
    assert strip.variance == pytest.approx(variance, abs=5e-9)
    assert strip.at_the_money_strike == 1960
    assert len(strip.strike) == count


def test_the_index_of_the_white_paper():
    near = expiration_variance(*NEAR[0], *NEAR[1:])
    following = expiration_variance(*NEXT[0], *NEXT[1:])
    # Published with six decimals; two independent programs computed the further digits.
    assert thirty_day_index(near, 35_924, following, 46_394) == pytest.approx(13.68582053794788, rel=1e-13)


# Strikes 80 ... 120, forward 100.
STRIKES = np.arange(80.0, 121.0, 5.0)
CALL = np.maximum(100 - STRIKES, 0) + 2.0 * np.exp(-(((STRIKES - 100) / 10) ** 2))
PUT = np.maximum(STRIKES - 100, 0) + 2.0 * np.exp(-(((STRIKES - 100) / 10) ** 2))


def strip(call_bid=None, put_bid=None):
    call_bid = CALL - 0.01 if call_bid is None else call_bid
    put_bid = PUT - 0.01 if put_bid is None else put_bid
    return variance_strip(STRIKES, call_bid, CALL + 0.01, put_bid, PUT + 0.01, 0.1, 0.0)


def without(bids, *strikes):
    return np.where(np.isin(STRIKES, strikes), 0.0, bids)


def test_one_zero_bid_is_skipped_and_two_consecutive_ones_end_the_strip():
    whole = strip()
    assert whole.strike.tolist() == STRIKES.tolist()
    assert strip(put_bid=without(PUT, 90)).strike.tolist() == [80, 85, 95, 100, 105, 110, 115, 120]
    assert strip(put_bid=without(PUT, 85, 90)).strike.tolist() == [95, 100, 105, 110, 115, 120]
    assert strip(call_bid=without(CALL, 110, 115)).strike.tolist() == [80, 85, 90, 95, 100, 105]
    assert strip(call_bid=without(CALL, 110, 120)).strike.tolist() == [80, 85, 90, 95, 100, 105, 115]


def test_the_at_the_money_strike_uses_the_mean_of_put_and_call():
    result = strip()
    center = result.strike.tolist().index(100)
    assert result.mid[center] == pytest.approx(0.5 * (CALL[4] + PUT[4]))


def test_the_order_of_strikes_does_not_matter():
    shuffled = np.random.default_rng(1).permutation(len(STRIKES))
    columns = [column[shuffled] for column in (STRIKES, CALL - 0.01, CALL + 0.01, PUT - 0.01, PUT + 0.01)]
    assert expiration_variance(*columns, 0.1, 0.0) == strip().variance


def test_the_variance_is_nan_without_quotes_or_time():
    missing = np.full(len(STRIKES), np.nan)
    assert np.isnan(expiration_variance(STRIKES, missing, missing, missing, missing, 0.1, 0.0))
    assert np.isnan(expiration_variance(STRIKES, CALL, CALL, PUT, PUT, 0.0, 0.0))
    assert np.isnan(expiration_variance([], [], [], [], [], 0.1, 0.0))


def test_repeated_strikes_and_columns_of_unequal_length_raise():
    with pytest.raises(ValueError, match="positive and unique"):
        expiration_variance([100, 100], [1, 1], [2, 2], [1, 1], [2, 2], 0.1, 0.0)
    with pytest.raises(ValueError, match="equally long"):
        expiration_variance([100, 105], [1, 1], [2, 2], [1], [2, 2], 0.1, 0.0)


def test_an_expiration_of_exactly_thirty_days_is_used_alone():
    assert thirty_day_index(0.04, 43_200, 0.09, 80_000) == pytest.approx(20.0)
    assert thirty_day_index(0.09, 10_000, 0.04, 43_200) == pytest.approx(20.0)


def test_the_index_over_arrays_is_nan_for_invalid_elements():
    index = thirty_day_index(
        [0.04, 0.04, -1.0], [43_200, 40_000, 40_000], [0.04, 0.04, -1.0], [50_000, 40_000, 50_000]
    )
    assert index[0] == pytest.approx(20.0)
    assert np.isnan(index[1:]).all()
