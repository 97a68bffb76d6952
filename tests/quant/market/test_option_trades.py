"""Rules of option trades on numbers worked out by hand."""

from __future__ import annotations

from math import erf, exp, log, sqrt

import numpy as np
import pytest

from quant.market.option_trades import (
    Carry,
    bought_at,
    choose,
    growth_of,
    is_quoted,
    model_price,
    moved,
    profit,
    sold_at,
    usual_half_spread,
)

DELTAS = np.array([0.62, 0.50, 0.47, 0.43, 0.40, 0.39, np.nan])
STRIKES = np.array([490.0, 500.0, 502.0, 504.0, 505.0, 506.0, 507.0])
ALL = np.ones(7, dtype=bool)


@pytest.mark.parametrize(
    ("usable", "row"),
    [
        (ALL, 2),  # 0.47 and 0.43 are equally far from 0.45: the lower strike
        (STRIKES != 502.0, 3),
        (np.isin(STRIKES, [490.0, 500.0, 506.0]), 1),  # both ends of the range are allowed
        (np.isin(STRIKES, [505.0, 506.0, 507.0]), 4),
        (np.isin(STRIKES, [490.0, 506.0, 507.0]), -1),
    ],
)
def test_the_delta_nearest_to_the_middle_of_the_range_is_chosen(usable, row):
    assert choose(DELTAS, STRIKES, usable) == row
    assert choose(-DELTAS, STRIKES, usable) == row  # puts


def test_quotes_have_two_sides_that_do_not_cross():
    bid, ask = np.array([5.0, 5.0, 0.0, 5.1, np.nan]), np.array([5.2, 5.0, 0.1, 5.0, 5.2])
    assert is_quoted(bid, ask).tolist() == [True, True, False, False, False]


def test_a_quote_moves_with_the_underlying_by_delta_and_gamma():
    assert moved(5.10, 0.44, 0.02, 0.2) == pytest.approx(5.1884)  # 5.10 + 0.088 + 0.0004
    assert moved(5.10, -0.46, np.nan, 0.5) == pytest.approx(4.87)
    assert moved(0.10, 0.44, 0.0, -1.0) == 0.0


def test_the_spread_without_a_quote_is_two_percent_and_at_least_five_cents():
    assert [usual_half_spread(mid) for mid in (1.0, 2.5, 6.0)] == pytest.approx([0.05, 0.05, 0.12])


def test_a_trade_crosses_the_spread_and_pays_commission_twice():
    paid, got = bought_at(5.0, 0.1, 1.0), sold_at(5.5, 0.2, 1.0)
    assert (paid, got) == pytest.approx((5.1, 5.3))
    assert profit(paid, got, 0.65) == pytest.approx((0.2 - 0.013) / 5.1)
    assert (bought_at(5.0, 0.1, 0.5), sold_at(0.03, 0.05, 1.0)) == pytest.approx((5.05, 0.0))


def test_a_european_contract_has_the_price_of_blacks_formula():
    years, spot, strike, volatility = 30 / 365, 500.0, 502.0, 0.18
    growth = growth_of(501.0, 500.0, 40 / 365, 0.05)
    assert growth == pytest.approx(log(1.002) * 365 / 40)
    forward, deviation = spot * exp(growth * years), volatility * sqrt(years)
    d1 = log(forward / strike) / deviation + deviation / 2
    below = [0.5 * (1 + erf(each / sqrt(2))) for each in (d1, d1 - deviation)]
    call = exp(-0.05 * years) * (forward * below[0] - strike * below[1])
    put = call + exp(-0.05 * years) * (strike - forward)
    carry = Carry(growth, 0.05, is_american=False)
    assert model_price(True, strike, years, spot, volatility, carry) == pytest.approx(call, rel=1e-12)
    assert model_price(False, strike, years, spot, volatility, carry) == pytest.approx(put, rel=1e-12)


def test_an_american_put_is_worth_more_than_a_european_one_and_the_exercise():
    years, carry = 60 / 365, Carry(0.05, 0.05, is_american=True)
    american = model_price(False, 520.0, years, 500.0, 0.15, carry)
    european = model_price(False, 520.0, years, 500.0, 0.15, Carry(0.05, 0.05, is_american=False))
    assert american > 20.0
    assert european < american < european + 2.0


@pytest.mark.parametrize(
    ("forward", "spot", "years"), [(np.nan, 500.0, 0.1), (501.0, np.nan, 0.1), (501.0, 500.0, 0.0)]
)
def test_without_a_forward_the_price_grows_with_the_rate(forward, spot, years):
    assert growth_of(forward, spot, years, 0.03) == 0.03
