"""Smiles of a chain: which quotes are used, which settlements are refused, and how arbitrage is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant.volatility.smile.arbitrage import butterfly_violations, calendar_violations
from quant.volatility.smile.cubic import fit_cubic
from quant.volatility.smile.quotes import smile_quotes
from quant.volatility.smile.slices import fit_smiles
from quant.volatility.smile.svi import Svi
from tests.quant.volatility.smile.chains import joined, svi_chain, svi_of, without_quotes
from tests.quant.volatility.smile.test_svi import VOGT

DAYS = (9, 30, 91)


def test_all_settlements_of_a_chain_are_fitted():
    smiles = fit_smiles(svi_chain(DAYS))
    assert smiles.status.tolist() == ["ok", "ok", "ok"]
    np.testing.assert_allclose(smiles.svi, svi_of(DAYS), atol=1e-6)
    np.testing.assert_allclose(smiles.rmse, 0.0, atol=1e-9)
    np.testing.assert_allclose(smiles.half_spread, 0.002, rtol=1e-6)
    assert smiles.inside.tolist() == [1.0, 1.0, 1.0]
    assert smiles.butterflies.tolist() == smiles.calendars.tolist() == [0, 0, 0]


def test_a_slice_two_hours_before_its_settlement_is_fitted():
    smiles = fit_smiles(svi_chain((2 / 24,), half_spread=0.005))
    assert smiles.status.tolist() == ["ok"]
    assert smiles.at_the_money[0] == pytest.approx(
        np.sqrt(svi_of((2 / 24,)).total_variance(0.0)[0, 0] * 365 * 12)
    )


def test_only_quotes_out_of_the_money_with_a_usable_bid_are_used():
    chain = svi_chain((30,), strikes=41)
    quotes = smile_quotes(chain)
    assert quotes.number.tolist() == [41]
    assert (quotes.is_call == (quotes.k >= 0))[0].all()
    faults = {
        "cheap": replace(chain, bid=np.where(chain.strike == chain.strike.min(), 0.04, chain.bid)),
        "crossed": replace(chain, ask=np.where(chain.strike == chain.strike.min(), 0.01, chain.ask)),
        "missing": replace(chain, ask=np.where(chain.strike == chain.strike.min(), np.nan, chain.ask)),
        "wide": replace(chain, ask=np.where(chain.strike == chain.strike.min(), 99.0, chain.ask)),
        "unsolved": replace(
            chain,
            implied_volatility=np.where(chain.strike == chain.strike.min(), np.nan, chain.implied_volatility),
        ),
    }
    for name, faulty in faults.items():
        assert smile_quotes(faulty).number.tolist() == [40], name


def test_a_bid_of_exactly_five_cents_is_used():
    chain = svi_chain((30,), strikes=41)
    lowest = chain.strike == chain.strike.min()
    chain = replace(chain, bid=np.where(lowest, 0.05, chain.bid), ask=np.where(lowest, 0.06, chain.ask))
    assert smile_quotes(chain).number.tolist() == [41]


def test_the_half_spread_of_a_locked_market_is_half_a_cent():
    chain = svi_chain((30,), half_spread=0.0)
    quotes = smile_quotes(chain)
    assert np.isfinite(quotes.weights).all()
    at = np.argmin(np.abs(quotes.k[0]))
    vega = 4500 * np.sqrt(30 / 365) * np.exp(-0.0) * 0.3989
    assert quotes.half_spread[0, at] == pytest.approx(0.005 / vega, rel=0.01)


def test_in_a_chain_without_quotes_volatilities_count_within_a_point():
    chain = svi_chain((30,), strikes=41)
    traded = replace(chain, bid=np.full(len(chain), np.nan), ask=np.full(len(chain), np.nan))
    quotes = smile_quotes(traded)
    assert quotes.number.tolist() == [41]
    at = np.argmin(np.abs(quotes.k[0]))
    assert quotes.half_spread[0, at] == 0.01
    assert fit_smiles(traded).status.tolist() == ["ok"]
    half_quoted = replace(chain, bid=traded.bid)
    assert smile_quotes(half_quoted).number.tolist() == [0]


def test_adjusted_contracts_are_left_out():
    chain = joined(svi_chain((30,)), svi_chain((30,), root="SPXW1"))
    assert smile_quotes(chain).root.tolist() == ["SPXW"]
    deliverable = replace(chain, multiplier=np.where(chain.root == "SPXW", 10.0, 100.0))
    assert not len(smile_quotes(deliverable).root)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(lambda c: without_quotes(c, np.ones(len(c), bool)), "few_quotes", id="none"),
        pytest.param(lambda c: c.select(np.argsort(np.abs(c.strike - 4520))[:8]), "few_quotes", id="four"),
        pytest.param(lambda c: without_quotes(c, c.is_call), "one_sided", id="no-calls"),
        pytest.param(lambda c: without_quotes(c, ~c.is_call), "one_sided", id="no-puts"),
        pytest.param(lambda c: replace(c, forward=np.full(len(c), np.nan)), "no_forward", id="forward"),
        pytest.param(lambda c: replace(c, years=np.zeros(len(c))), "expired", id="settled"),
    ],
)
def test_a_settlement_without_enough_quotes_is_refused_with_a_reason(change, status):
    smiles = fit_smiles(change(svi_chain((30,))))
    assert smiles.status.tolist() == [status]
    assert not smiles.is_fitted.any()


def noisy(size):
    """Return a chain whose volatilities are `size` above and below the smile in turn; half-spreads are 0.2 points."""
    chain = svi_chain((30,))
    noise = np.where(np.arange(len(chain)) // 2 % 2 == 0, size, -size)
    return replace(chain, implied_volatility=chain.implied_volatility + noise)


def test_an_error_of_more_than_three_half_spreads_is_a_poor_fit():
    assert fit_smiles(noisy(0.0058)).status.tolist() == ["ok"]
    refused = fit_smiles(noisy(0.0064))
    assert refused.status.tolist() == ["poor_fit"]
    assert refused.rmse[0] > 3 * refused.half_spread[0]
    assert refused.inside[0] == 0.0


def test_a_smile_one_point_off_at_the_money_is_a_poor_fit():
    """Wide spreads allow a large error, but not at the money, where the quotes have a dent."""
    chain = svi_chain((30,), half_spread=0.02, reach=(-3.0, 3.0))
    dent = np.abs(np.log(chain.strike / chain.forward)) < 0.003
    dented = replace(chain, implied_volatility=chain.implied_volatility - np.where(dent, 0.04, 0.0))
    smiles = fit_smiles(dented)
    assert smiles.rmse[0] < 3 * smiles.half_spread[0]
    assert smiles.at_the_money[0] - smiles.quotes.at_the_money[0] > 0.01
    assert smiles.status.tolist() == ["poor_fit"]


def test_arbitrage_is_counted_and_the_slice_is_left_as_it_is():
    slices = Svi(*(np.array([parameter]) for parameter in VOGT))
    chain = svi_chain((365,), slices, reach=(-4.0, 9.0), strikes=80)
    smiles = fit_smiles(chain)
    assert smiles.status.tolist() == ["ok"]
    np.testing.assert_allclose([column[0] for column in smiles.svi], VOGT, atol=1e-6)
    k = smiles.quotes.lowest[0] + (smiles.quotes.highest - smiles.quotes.lowest)[0] * np.linspace(0, 1, 101)
    assert smiles.butterflies[0] == np.count_nonzero((k > 0.6424) & (k < 1.2569)) > 0


def test_butterflies_beyond_the_quotes_are_counted_apart():
    slices = Svi(*(np.array([parameter]) for parameter in VOGT))
    within, beyond = butterfly_violations(slices, np.array([-0.5]), np.array([0.6]))
    assert within.tolist() == [0]
    # 0.61, 0.62 ... 1.10, of which those above 0.6424 are negative.
    assert beyond.tolist() == [46]


def test_a_later_slice_with_less_variance_is_a_calendar_violation():
    slices = svi_of((30, 60, 91))
    total = np.array([0.02, 0.01, 0.03])
    flat = slices._replace(a=total, b=np.full(3, 1e-6))
    reach = np.full(3, -0.2), np.full(3, 0.2)
    assert calendar_violations(flat, *reach, np.array([True, True, True])).tolist() == [0, 101, 0]
    assert calendar_violations(flat, *reach, np.array([True, False, True])).tolist() == [0, 0, 0]
    assert calendar_violations(flat, *reach, np.array([False, True, False])).tolist() == [0, 0, 0]
    apart = np.array([-0.2, 0.3, 0.3]), np.array([0.2, 0.4, 0.4])
    assert calendar_violations(flat, *apart, np.array([True, True, True])).tolist() == [0, 0, 0]


def test_a_cubic_of_total_variance_is_recovered():
    k = np.linspace(-0.3, 0.2, 12)
    value = 0.02 - 0.05 * k + 0.1 * k**2 - 0.2 * k**3
    cubic = fit_cubic(k[None], value[None], np.ones((1, 12)))
    np.testing.assert_allclose(cubic.total_variance(k)[0], value, rtol=1e-9)


def test_smiles_on_which_both_curves_differ_by_a_point_are_flagged():
    # A corner at the forward: SVI follows it, a cubic cannot.
    days = (30, 30.5)
    deviation = 0.15 * np.sqrt(30 / 365)
    corner = Svi(
        np.full(2, 0.2 * deviation**2),
        np.array([1.5, 0.02]) * deviation,
        np.zeros(2),
        np.zeros(2),
        np.full(2, 0.02 * deviation),
    )
    smiles = fit_smiles(svi_chain(days, corner, reach=(-3.0, 3.0)))
    assert smiles.disagreement[0] > 0.01 > smiles.disagreement[1]
    assert smiles.curves_disagree.tolist() == [True, False]


def test_an_empty_chain_has_no_smiles():
    chain = svi_chain((30,))
    smiles = fit_smiles(chain.select(np.zeros(len(chain), bool)))
    assert smiles.status.shape == smiles.rmse.shape == (0,)
