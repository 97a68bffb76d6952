"""Expectations on the lattice, compared with closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from quant.pricing.lattice import Lattice, subtract_kinks


@pytest.mark.parametrize("variance", [1e-4, 0.01, 0.5])
def test_a_step_gives_the_mean_of_an_exponential(variance):
    lattice = Lattice(113)
    values = np.exp(0.3 * lattice.positions)
    mean = lattice.step_matrices(np.array([variance]))[0] @ values
    middle = slice(45, 68)
    np.testing.assert_allclose(mean[middle], values[middle] * np.exp(0.045 * variance), rtol=1e-8)


def test_linear_functions_stay_linear_up_to_the_last_node():
    lattice = Lattice(65)
    values = 2.0 - 3.0 * lattice.positions
    steps = lattice.step_matrices(np.array([0.001, 0.3]))
    np.testing.assert_allclose(steps @ values, [values, values], atol=1e-10)


def test_two_steps_are_one_step_of_their_summed_variance():
    lattice = Lattice(113)
    first, second, both = lattice.step_matrices(np.array([0.1, 0.15, 0.25]))
    values = np.cos(lattice.positions)
    np.testing.assert_allclose((first @ second @ values)[40:73], (both @ values)[40:73], atol=1e-7)


def test_derivatives_of_an_exponential_at_the_start():
    lattice = Lattice(113)
    found = lattice.derivatives_at_start(0.4) @ np.exp(0.3 * lattice.positions)
    np.testing.assert_allclose(found, np.exp(0.045 * 0.4) * 0.3 ** np.arange(4), rtol=1e-5)


@pytest.mark.parametrize("rising", [True, False])
def test_a_corrected_kink_between_nodes_has_the_exact_mean(rising):
    """The mean of max(exp(z Y) - k, 0), or of max(k - exp(z Y), 0), is Black's for every position of the kink."""
    lattice = Lattice(113)
    z, sign = 0.4, 1.0 if rising else -1.0
    kink = np.linspace(-0.2, 0.2, 41)
    strike = np.exp(z * kink)
    difference = sign * (np.exp(z * lattice.positions[:, None]) - strike)
    values = np.maximum(difference, 0.0)
    plain = lattice.derivatives_at_start(1.0)[0] @ values
    subtract_kinks(values, difference)
    corrected = lattice.derivatives_at_start(1.0)[0] @ values
    mean = np.exp(0.5 * z * z)
    exact = sign * (mean * ndtr(sign * (z - kink)) - strike * ndtr(-sign * kink))
    assert np.abs(plain - exact).max() > 5e-5
    np.testing.assert_allclose(corrected, exact, rtol=0, atol=3e-7)


def test_values_without_a_crossing_are_not_changed():
    difference = np.linspace(1.0, 2.0, 9)[:, None] * [1.0, -1.0]
    values = np.ones((9, 2))
    subtract_kinks(values, difference)
    assert (values == 1.0).all()
