"""Term structure of a session: levels, forward volatilities, skew, slope, and events."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.surface import DELTAS, fit_smiles, surface_grid
from quant.volatility.term_row import term_row
from tests.quant.volatility.smile.chains import joined, svi_chain, svi_of, without_quotes

DAYS = (7, 14, 30, 60, 91, 182, 365)


def chain_of(levels, **options):
    """Return a chain with a level of volatility per number of days."""
    return joined(*(svi_chain((day,), scaled(day, level), **options) for day, level in levels.items()))


def scaled(day, level):
    """Return the slice of a day whose volatility at the money is exactly `level`."""
    slice_ = svi_of((day,), level)
    factor = level**2 * day / 365 / slice_.total_variance([0.0])[:, 0]
    return slice_._replace(a=slice_.a * factor, b=slice_.b * factor)


FLAT = dict.fromkeys(DAYS, 0.20)


def test_levels_of_listed_tenors_are_those_of_their_smiles():
    levels = dict(zip(DAYS, (0.15, 0.16, 0.17, 0.18, 0.19, 0.20, 0.21), strict=True))
    row = term_row(fit_smiles(chain_of(levels)))
    np.testing.assert_allclose(row.at_the_money, list(levels.values()), rtol=1e-7)
    assert (row.reason == "").all()
    assert row.slope == pytest.approx(0.01)
    assert (row.settlements, row.refused) == (7, 0)


def test_forward_volatilities_are_between_neighbouring_tenors():
    row = term_row(fit_smiles(chain_of(FLAT | {30: 0.22})))
    expected = (0.22**2 * 30 - 0.20**2 * 14) / 16
    assert row.forward_variance[2] == pytest.approx(expected, rel=1e-6)
    assert row.forward_volatility[[0, 1, 2]] == pytest.approx([0.20, 0.20, np.sqrt(expected)], rel=1e-6)


def test_a_negative_forward_variance_is_reported_without_a_volatility():
    row = term_row(fit_smiles(chain_of(FLAT | {14: 0.32})))
    assert row.forward_variance[2] == pytest.approx((0.04 * 30 - 0.32**2 * 14) / 16, rel=1e-6)
    assert np.isnan(row.forward_volatility[2])
    assert row.forward_reason.tolist() == ["", "", "negative_forward_variance", "", "", "", ""]


def test_skew_and_butterfly_are_points_of_the_surface():
    smiles = fit_smiles(chain_of(FLAT))
    grid = surface_grid(smiles)
    row = term_row(smiles, grid)
    put, call = grid.volatility[:, DELTAS.index("25P")], grid.volatility[:, DELTAS.index("25C")]
    np.testing.assert_allclose(row.skew_25d_put_minus_call, put - call)
    np.testing.assert_allclose(row.butterfly_25d, (put + call) / 2 - 0.20, atol=1e-7)
    assert (row.skew_25d_put_minus_call > 0).all()


def test_the_variance_of_an_event_is_taken_out_of_later_tenors():
    move = 0.05
    levels = {
        day: float(np.sqrt(0.20**2 + (day >= 20) * move**2 * 365 / day)) for day in (7, 14, 24, 35, 60, 91)
    }
    row = term_row(fit_smiles(chain_of(levels)), event_years=[20 / 365])
    assert row.event.event_volatility == pytest.approx(move, rel=1e-5)
    assert row.event.base_volatility == pytest.approx(0.20, rel=1e-5)
    np.testing.assert_allclose(row.ex_event[:2], row.at_the_money[:2])
    np.testing.assert_allclose(row.ex_event[3:5], 0.20, rtol=1e-5)
    assert row.ex_event_reason.tolist() == ["", "", "", "", "", *["after_last_expiration"] * 2]


def test_without_events_the_ex_event_level_is_the_level():
    row = term_row(fit_smiles(chain_of(FLAT)), event_years=[-0.1])
    np.testing.assert_array_equal(row.ex_event, row.at_the_money)
    assert row.event.reason == "no_event"
    assert (row.ex_event_reason == "").all()


def test_an_event_that_cannot_be_estimated_leaves_no_ex_event_level():
    row = term_row(fit_smiles(svi_chain((30,))), event_years=[0.01])
    assert row.event.reason == "few_expirations"
    assert np.isnan(row.ex_event).all()
    assert row.ex_event_reason[2] == "few_expirations"


def test_a_chain_without_quotes_has_reasons_everywhere():
    chain = svi_chain((20, 40))
    row = term_row(fit_smiles(without_quotes(chain, np.ones(len(chain), bool))))
    assert (row.reason == "no_smile").all()
    assert (row.forward_reason == "no_smile").all()
    assert np.isnan([row.slope, row.worst_rmse]).all()
    assert (row.settlements, row.refused) == (0, 0)


def test_an_empty_chain_has_reasons_everywhere():
    chain = svi_chain((20, 40))
    row = term_row(fit_smiles(chain.select(np.zeros(len(chain), bool))), event_years=[0.1])
    assert (row.reason == "no_smile").all()
    assert row.event.reason == "few_expirations"


def test_refused_smiles_are_counted():
    chain = svi_chain((20, 40))
    row = term_row(fit_smiles(without_quotes(chain, chain.is_call & (chain.years < 0.1))))
    assert (row.settlements, row.refused) == (1, 1)
