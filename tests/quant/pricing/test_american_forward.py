"""Forwards of American chains by put-call parity after the premium of early exercise is removed."""

from __future__ import annotations

import numpy as np
import pytest

from quant.pricing.american_forward import american_forwards, borrow_of, forward_of
from quant.pricing.implied_forward import implied_forward
from tests.quant.pricing.american_chains import SPOT, american_chain

DAYS = (30, 182, 730)
QUARTERLY = [(0.1, 0.6), (0.35, 0.6), (0.6, 0.65), (0.85, 0.65), (1.1, 0.65), (1.6, 0.65)]


def forwards(chain, rate, dividends):
    member, first = chain.groups()
    years = chain.years[first]
    return american_forwards(chain, member, years, np.full(len(years), rate), dividends)


@pytest.mark.parametrize(
    ("rate", "borrow", "dividends"),
    [
        pytest.param(0.05, 0.0, (), id="no dividend"),
        pytest.param(0.05, 0.01, QUARTERLY, id="quarterly dividends"),
        pytest.param(0.05, 0.15, (), id="hard to borrow"),
        pytest.param(-0.01, 0.0, QUARTERLY, id="negative rate"),
        pytest.param(0.0, -0.02, (), id="negative borrow"),
    ],
)
def test_forward_and_borrow_of_a_consistent_chain_are_found(rate, borrow, dividends):
    found = forwards(american_chain(DAYS, rate=rate, borrow=borrow, dividends=dividends), rate, dividends)
    years = np.asarray(DAYS) / 365
    expected = forward_of(SPOT, years, np.full(3, rate - borrow), dividends)
    np.testing.assert_allclose(found.forward, expected, atol=0.01 * np.sqrt(years).max() + 0.005)
    np.testing.assert_allclose(found.borrow, borrow, atol=0.001)
    assert found.strikes.min() >= 13
    assert (np.abs(found.forward - expected) < 4 * found.error).all()


def test_parity_without_the_premium_is_off_by_dollars_at_two_years():
    chain = american_chain(DAYS, rate=0.05, borrow=0.0)
    expected = SPOT * np.exp(0.05 * np.asarray(DAYS) / 365)
    naive = implied_forward(chain, 0.05).settlement_forward
    assert expected[2] - naive[2] == pytest.approx(1.97, abs=0.01)
    np.testing.assert_allclose(forwards(chain, 0.05, ()).forward, expected, atol=0.02)


def test_each_settlement_has_its_own_borrow():
    borrow = np.array([0.4, 0.1, 0.02])
    found = forwards(american_chain(DAYS, rate=0.04, borrow=borrow), 0.04, ())
    np.testing.assert_allclose(found.borrow, borrow, atol=0.002)


def test_a_settlement_with_fewer_than_three_quoted_strikes_has_no_forward():
    chain = american_chain(DAYS, rate=0.05, borrow=0.0)
    few = chain.select((chain.years > 0.1) | (np.abs(chain.strike - 100.0) < 3.0) & (chain.strike != 100.0))
    found = forwards(few, 0.05, ())
    assert np.isnan(found.forward).tolist() == [True, False, False]
    assert np.isnan(found.borrow).tolist() == [True, False, False]
    assert found.strikes.tolist() == [0, 15, 15]


def test_wide_quotes_have_a_larger_error():
    narrow, wide = (
        forwards(american_chain((182,), rate=0.05, borrow=0.0, half_spread=half), 0.05, ())
        for half in (0.01, 0.3)
    )
    assert wide.error[0] > 5 * narrow.error[0]


def test_the_forward_of_a_share_loses_the_value_of_its_dividends():
    years = np.array([0.05, 0.5, 1.0])
    found = forward_of(SPOT, years, np.full(3, 0.04), [(0.1, 2.0), (0.75, 3.0)])
    by_hand = [
        SPOT * np.exp(0.04 * 0.05),
        SPOT * np.exp(0.04 * 0.5) - 2.0 * np.exp(0.04 * 0.4),
        SPOT * np.exp(0.04) - 2.0 * np.exp(0.04 * 0.9) - 3.0 * np.exp(0.04 * 0.25),
    ]
    np.testing.assert_allclose(found, by_hand, rtol=1e-14)
    np.testing.assert_allclose(
        borrow_of(SPOT, years, np.full(3, 0.05), found, [(0.1, 2.0), (0.75, 3.0)]), 0.01, atol=1e-12
    )


def test_dividends_worth_the_spot_give_no_forward():
    assert np.isnan(forward_of(SPOT, np.array([1.0]), np.zeros(1), [(0.5, 100.0)])).all()
