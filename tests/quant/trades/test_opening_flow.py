"""Opened, closed and unknown part of a session's flow."""

from __future__ import annotations

import numpy as np
import pytest

from quant.trades.opening_flow import OpeningFlow, opening_flow

NAN = float("nan")


@pytest.mark.parametrize(
    ("change", "opened", "closed", "unknown"),
    [
        (30.0, 30, 0, 0),
        (100.0, 100, 0, 0),
        (250.0, 100, 0, 0),
        (-40.0, 0, 40, 0),
        (-250.0, 0, 100, 0),
        (0.0, 0, 0, 0),
        (NAN, 0, 0, 100),
    ],
)
def test_the_change_of_open_interest_bounds_what_was_opened(change, opened, closed, unknown):
    sums = opening_flow(np.array([100.0]), np.array([5000.0]), np.array([change]))
    assert sums == OpeningFlow(100, opened, closed, unknown, 5000, 50 * opened, 50 * closed, 50 * unknown)


def test_contracts_are_divided_before_they_are_summed():
    sums = opening_flow(
        np.array([100.0, 40.0, 10.0]), np.array([1000.0, 800.0, 50.0]), np.array([60.0, -30.0, NAN])
    )
    assert sums == OpeningFlow(150, 60, 30, 10, 1850, 600, 600, 50)


def test_no_flow_has_sums_of_zero():
    nothing = np.array([])
    assert opening_flow(nothing, nothing, nothing) == OpeningFlow(0, 0, 0, 0, 0, 0, 0, 0)
