"""Forward, rate and borrow of every settlement of a chain, by exercise style."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant.chain import COLUMNS, OptionChain
from quant.pricing.discount_curve import flat_curve
from quant.pricing.expiration_curve import expiration_curve
from tests.quant.pricing.american_chains import SPOT, american_chain, european_chain

RATE, YIELD = 0.05, 0.012


def curve_of(chain, american=False, rate=RATE, dividends=(), own_rates=False):
    style = np.full(len(chain), american)
    return expiration_curve(chain, style, flat_curve(rate), dividends, own_rates)


def joined(*chains):
    columns = {name: np.concatenate([getattr(chain, name) for chain in chains]) for name in COLUMNS}
    return OptionChain(**columns, spot=chains[0].spot)


def without_quotes(chain, where):
    return replace(chain, bid=np.where(where, np.nan, chain.bid), ask=np.where(where, np.nan, chain.ask))


def test_a_european_chain_has_the_forward_of_its_rate_and_yield():
    curve = curve_of(european_chain((30, 365), rate=RATE, dividend_yield=YIELD))
    years = np.array([30, 365]) / 365
    np.testing.assert_allclose(curve.forward, SPOT * np.exp((RATE - YIELD) * years), rtol=1e-6)
    np.testing.assert_allclose(curve.borrow, YIELD, atol=1e-5)
    np.testing.assert_array_equal(curve.dividends, [0.0, 0.0])
    assert curve.quality.tolist() == ["parity", "parity"]
    assert curve.discount is None


def test_a_chain_with_its_own_rates_ignores_the_others():
    curve = curve_of(european_chain((182, 365, 730), rate=0.03, dividend_yield=YIELD), own_rates=True)
    np.testing.assert_allclose(curve.rate, 0.03, atol=1e-5)
    assert curve.discount is not None


def test_own_quotes_that_determine_no_rate_leave_the_given_one():
    curve = curve_of(european_chain((3,), rate=0.03, dividend_yield=YIELD), own_rates=True)
    assert curve.discount is None
    assert curve.rate.tolist() == [RATE]
    assert curve.quality.tolist() == ["parity"]


def test_an_outdated_spot_does_not_change_european_forwards():
    fresh = curve_of(european_chain((7, 30, 90), rate=RATE, dividend_yield=YIELD))
    stale = curve_of(european_chain((7, 30, 90), rate=RATE, dividend_yield=YIELD, spot=98.0))
    np.testing.assert_array_equal(stale.forward, fresh.forward)


def test_a_settlement_without_quotes_is_interpolated_from_the_others():
    chain = european_chain((30, 60, 90, 180), rate=RATE, dividend_yield=YIELD, spot=98.0)
    curve = curve_of(without_quotes(chain, (np.abs(chain.years * 365 - 60) < 1) | (chain.years > 0.3)))
    assert curve.quality.tolist() == ["parity", "interpolated", "parity", "interpolated"]
    years = np.array([30, 60, 90, 180]) / 365
    np.testing.assert_allclose(curve.forward, SPOT * np.exp((RATE - YIELD) * years), rtol=1e-5)
    assert np.isnan(curve.error).tolist() == [False, True, False, True]


def test_one_strike_gives_a_forward_where_no_settlement_has_three():
    chain = european_chain((30, 60), rate=RATE, dividend_yield=YIELD)
    curve = curve_of(chain.select((chain.strike == 100.0) & (chain.years < 0.1)))
    assert curve.quality.tolist() == ["few_strikes"]
    assert curve.forward[0] == pytest.approx(SPOT * np.exp((RATE - YIELD) * 30 / 365), rel=1e-5)


@pytest.mark.parametrize(("american", "dividend"), [(False, 0.0), (True, 1.5)])
def test_without_quotes_the_forward_is_assumed_from_spot(american, dividend):
    chain = american_chain((30, 182), rate=RATE, borrow=0.0)
    curve = curve_of(without_quotes(chain, True), american, dividends=[(0.2, 1.5)])
    assert curve.quality.tolist() == ["assumed", "assumed"]
    later = SPOT * np.exp(RATE * 182 / 365) - dividend * np.exp(RATE * (182 / 365 - 0.2))
    np.testing.assert_allclose(curve.forward, [SPOT * np.exp(RATE * 30 / 365), later], rtol=1e-12)
    assert curve.dividends.tolist() == [0.0, dividend]


def test_an_uncertain_american_forward_takes_the_borrow_of_its_neighbour():
    """A day before settlement a spread of 20 cents leaves the borrow yield uncertain by 30 % a year."""
    near = american_chain((1,), rate=RATE, borrow=0.02, half_spread=0.1)
    curve = curve_of(joined(near, american_chain((60,), rate=RATE, borrow=0.02)), american=True)
    assert curve.quality.tolist() == ["interpolated", "parity"]
    assert curve.borrow[0] == curve.borrow[1] == pytest.approx(0.02, abs=0.001)
    assert curve.forward[0] == pytest.approx(SPOT * np.exp(0.03 / 365), rel=1e-5)


def test_each_root_is_a_settlement_of_its_own():
    standard = european_chain((30,), rate=RATE, dividend_yield=YIELD)
    other = european_chain((30,), rate=RATE, dividend_yield=0.2, root="XYZW")
    curve = curve_of(joined(standard, other))
    assert curve.root.tolist() == ["XYZ", "XYZW"]
    assert curve.forward[0] == curve_of(standard).forward[0]
    np.testing.assert_allclose(curve.borrow, [YIELD, 0.2], atol=1e-4)
    assert curve.member.tolist() == [0] * len(standard) + [1] * len(other)


def test_an_empty_chain_has_an_empty_curve():
    chain = european_chain((30,), rate=RATE, dividend_yield=YIELD)
    assert len(curve_of(chain.select(np.zeros(len(chain), dtype=bool)))) == 0


def test_american_contracts_without_spot_have_no_forward():
    chain = replace(american_chain((30,), rate=RATE, borrow=0.0), spot=np.nan)
    curve = curve_of(chain, american=True)
    assert np.isnan(curve.forward).all()
    assert curve.quality.tolist() == ["assumed"]


def test_an_uncertain_forward_is_not_that_of_other_settlements():
    near = american_chain((9,), rate=RATE, borrow=0.3, half_spread=0.1)
    far = american_chain((700,), rate=RATE, borrow=0.0)
    curve = curve_of(joined(near, without_quotes(far, True)), american=True)
    assert curve.quality.tolist() == ["uncertain", "assumed"]
    assert 0.01 < curve.error[0] / curve.forward[0] / curve.years[0] < 0.5
    assert curve.borrow[0] == pytest.approx(0.3, abs=0.05)
    assert curve.borrow[1] == 0.0


def test_a_borrow_of_three_hundred_percent_is_found():
    curve = curve_of(american_chain((30,), rate=RATE, borrow=3.0), american=True)
    assert curve.forward[0] == pytest.approx(SPOT * np.exp((RATE - 3.0) * 30 / 365), rel=0.02)


def test_dividends_worth_the_spot_leave_no_forward():
    chain = american_chain((30, 400), rate=RATE, borrow=0.0)
    curve = curve_of(chain, american=True, dividends=[(1.05, 200.0)])
    assert curve.quality.tolist() == ["parity", "assumed"]
    assert np.isnan([curve.forward[1], curve.borrow[1]]).all()


def test_two_roots_of_one_settlement_are_no_slope():
    today = european_chain((3,), rate=RATE, dividend_yield=YIELD)
    other = european_chain((3,), rate=RATE, dividend_yield=YIELD, root="XYZW")
    later = without_quotes(european_chain((365,), rate=RATE, dividend_yield=YIELD), True)
    curve = curve_of(joined(today, other, later))
    assert curve.quality.tolist() == ["parity", "parity", "interpolated"]
    assert curve.forward[2] == pytest.approx(SPOT * np.exp(RATE), rel=0.003)


def test_a_negative_forward_is_none():
    chain = european_chain((30,), rate=RATE, dividend_yield=YIELD)
    puts = np.where(chain.is_call, 0.0, 1e6)
    curve = curve_of(replace(chain, bid=chain.bid + puts, ask=chain.ask + puts))
    assert curve.quality.tolist() == ["assumed"]
    assert curve.forward[0] == pytest.approx(SPOT * np.exp(RATE * 30 / 365))


def test_a_front_settlement_without_quotes_continues_the_yield():
    chain = european_chain((1, 4, 30, 90), rate=RATE, dividend_yield=YIELD)
    curve = curve_of(without_quotes(chain, chain.years < 2 / 365))
    assert curve.quality.tolist() == ["interpolated", "parity", "parity", "parity"]
    assert curve.forward[0] == pytest.approx(SPOT * np.exp((RATE - YIELD) / 365), rel=3e-5)
