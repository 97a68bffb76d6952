"""Surface on constant maturities and deltas: exact points, interpolation in time, and points without a volatility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from quant.pricing import black_scholes
from quant.volatility.surface import DELTAS, TENOR_DAYS, at_tenors, fit_smiles, surface_grid
from tests.quant.volatility.smile.chains import RATE, SPOT, joined, svi_chain, svi_of, without_quotes

DAYS = (3, 7, 20, 35, 70, 120, 200, 400)


@pytest.fixture(scope="module")
def smiles():
    return fit_smiles(svi_chain(DAYS))


def forward_delta(grid):
    """Return N(d1) of the points of a grid at their own strikes and volatilities."""
    years = grid.tenor_days[:, None] / 365
    deviation = grid.volatility * np.sqrt(years)
    return ndtr(-np.log(grid.strike / (SPOT * np.exp(RATE * years))) / deviation + 0.5 * deviation)


def test_every_point_within_the_expirations_has_a_volatility(smiles):
    grid = surface_grid(smiles)
    assert grid.tenor_days.tolist() == [7, 14, 30, 60, 91, 182, 365] == list(TENOR_DAYS)
    assert grid.delta == ("10P", "25P", "50", "25C", "10C") == DELTAS
    assert (grid.reason == "").all()
    # All settlements have one smile, scaled by time, so that the volatilities of all tenors are nearly the same.
    np.testing.assert_allclose(grid.volatility, np.tile(grid.volatility[0], (7, 1)), rtol=0.03)
    assert (np.diff(grid.volatility[:, :3], axis=1) < 0).all()


def test_the_delta_of_every_point_is_exact_to_1e_6(smiles):
    grid = surface_grid(smiles)
    expected = np.tile([0.90, 0.75, 0.50, 0.25, 0.10], (7, 1))
    np.testing.assert_allclose(forward_delta(grid), expected, atol=1e-6)


def test_a_tenor_on_an_expiration_has_the_volatility_of_its_smile(smiles):
    grid = surface_grid(smiles, (7,))
    row = DAYS.index(7)
    k = np.log(grid.strike[0] / (SPOT * np.exp(RATE * 7 / 365)))
    slice_ = svi_of((7,))
    np.testing.assert_allclose(grid.volatility[0] ** 2 * 7 / 365, slice_.total_variance(k)[0], rtol=1e-6)
    assert grid.quotes[0].tolist() == [smiles.quotes.number[row]] * 5


def test_total_variance_is_linear_between_two_expirations():
    chain = joined(svi_chain((20,), svi_of((20,), 0.30)), svi_chain((40,), svi_of((40,), 0.15)))
    grid = surface_grid(fit_smiles(chain), (20, 25, 40))
    total = grid.volatility**2 * np.array([[20], [25], [40]])
    np.testing.assert_allclose(total[1], 0.75 * total[0] + 0.25 * total[2], rtol=1e-9)
    assert grid.quotes[:, 2].tolist() == [60, 120, 60]


def test_tenors_beyond_the_expirations_have_a_reason_and_no_value():
    grid = surface_grid(fit_smiles(svi_chain((10, 100))))
    assert grid.reason[:, 2].tolist() == [
        "before_first_expiration",
        "",
        "",
        "",
        "",
        "after_last_expiration",
        "after_last_expiration",
    ]
    unknown = grid.reason != ""
    for column in (grid.volatility, grid.cubic_volatility, grid.strike, grid.rmse):
        assert (np.isnan(column) == unknown).all()
    assert (grid.quotes[unknown] == 0).all()


def test_a_single_expiration_gives_its_own_tenor_only():
    grid = surface_grid(fit_smiles(svi_chain((30,))))
    assert np.isfinite(grid.volatility).all(axis=1).tolist() == [
        False,
        False,
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_delta_that_the_quotes_do_not_reach_is_not_invented():
    chain = svi_chain((25, 35))
    near = np.log(chain.strike / chain.forward) > 0.02
    grid = surface_grid(fit_smiles(without_quotes(chain, near)), (30,))
    assert grid.reason[0].tolist() == ["", "", "", "beyond_strikes", "beyond_strikes"]
    assert np.isfinite(grid.volatility[0]).tolist() == [True, True, True, False, False]
    later = surface_grid(fit_smiles(without_quotes(chain, near)), (30, 60))
    assert set(later.reason[1].tolist()) == {"after_last_expiration"}


def test_refused_smiles_are_not_used_and_their_neighbours_are():
    chain = svi_chain((20, 30, 40))
    without = without_quotes(chain, (chain.years * 365).round() == 30)
    grid = surface_grid(fit_smiles(without), (30,))
    assert np.isfinite(grid.volatility).all()
    assert (grid.quotes == 120).all()


def test_a_chain_without_quotes_has_no_smile_at_any_point():
    chain = svi_chain((20, 40))
    grid = surface_grid(fit_smiles(without_quotes(chain, np.ones(len(chain), bool))))
    assert (grid.reason == "no_smile").all()
    assert np.isnan(grid.volatility).all()


def test_an_empty_chain_has_no_smile_at_any_point():
    chain = svi_chain((20, 40))
    grid = surface_grid(fit_smiles(chain.select(np.zeros(len(chain), bool))))
    assert (grid.reason == "no_smile").all()
    assert (grid.quotes == 0).all()


def test_two_roots_that_settle_on_one_day_are_two_smiles():
    chain = joined(svi_chain((29.73, 60), root="SPX"), svi_chain((30,), root="SPXW"))
    smiles = fit_smiles(chain)
    assert smiles.quotes.root.tolist() == ["SPX", "SPXW", "SPX"]
    grid = surface_grid(smiles, (30,))
    assert (grid.quotes == 60).all()


def test_a_gap_of_a_month_between_expirations_is_bridged():
    grid = surface_grid(fit_smiles(svi_chain((5, 45))), (14, 30))
    assert np.isfinite(grid.volatility).all()


def test_points_on_which_svi_and_cubic_differ_are_flagged(smiles):
    grid = surface_grid(smiles)
    assert not grid.curves_disagree.any()
    apart = grid.cubic_volatility.copy()
    apart[0, 0] += 0.02
    apart[1, 1] = np.nan
    flagged = replace(grid, cubic_volatility=apart).curves_disagree
    assert [tuple(point) for point in np.argwhere(flagged)] == [(0, 0), (1, 1)]


def test_values_at_tenors_are_never_extrapolated():
    at = at_tenors(np.array([10, 20, 30]) / 365, np.array([1.0, np.nan, 3.0]), np.array([9, 10, 20, 30, 31]))
    np.testing.assert_array_equal(at.value, [np.nan, 1.0, 2.0, 3.0, np.nan])
    assert at.before.tolist() == [-1, 0, 0, 2, -1]
    assert at.after.tolist() == [-1, 0, 2, 2, -1]


def test_published_premiums_of_a_standardised_option_are_reproduced():
    """OptionMetrics, SPX on 2024-06-28, 91 days; the printed rate and yield are rounded."""
    terms = (91 / 365, 0.055, 0.0104)
    call = black_scholes.price(True, 5460.48, 5530.623, *terms, 0.121323)
    put = black_scholes.price(False, 5460.48, 5531.409, *terms, 0.113183)
    assert call == pytest.approx(127.2951, rel=2e-4)
    assert put == pytest.approx(127.7991, rel=2e-4)
    assert [call, put] == pytest.approx([127.278, 127.816], abs=5e-4)
