"""Impossible values of the provider are refused and counted, judged against our own from the same quote."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion.chains.chain_columns import check_chain
from ingestion.chains.pricing.greeks import complete_greeks
from quant.pricing import black_scholes
from quant.pricing.iv_status import IvStatus
from tests.ingestion.chain_rows import SESSION, make_row
from tests.ingestion.market import SLOT
from tests.ingestion.pricing import inputs_of

SPOT, YEARS, RATE, VOLATILITY = 6500.0, 30 / 365, 0.04, 0.15
STRIKES = tuple(range(5800, 7201, 50))
NUMBERS = ("delta", "gamma", "theta", "vega", "implied_volatility")


def rows_of(**quote):
    """Return a call and a put per strike, quoted at their value, with the greeks of Black-Scholes from the provider."""
    rows = []
    for strike in STRIKES:
        for is_call in (True, False):
            terms = (is_call, SPOT, float(strike), YEARS, RATE, 0.01, VOLATILITY)
            value, greeks = float(black_scholes.price(*terms)), black_scholes.greeks(*terms)
            sent = {name: float(getattr(greeks, name)) for name in NUMBERS[:4]}
            rows.append(
                make_row(
                    strike,
                    is_call=is_call,
                    **{
                        "bid": value - 0.02,
                        "ask": value + 0.02,
                        **sent,
                        "implied_volatility": VOLATILITY,
                        **quote,
                    },
                )
            )
    return rows


def complete(rows):
    columns = check_chain(rows, ("SPXW",), SESSION).columns
    years = np.full(len(columns), YEARS)
    return complete_greeks(columns, years, SPOT, inputs_of(rate=RATE), SLOT), columns


def with_values(strike, is_call, **values):
    """Return the chain with some numbers of one contract replaced, and the row of that contract."""
    rows = rows_of()
    place = 2 * STRIKES.index(strike) + (not is_call)
    rows[place] = make_row(
        strike,
        is_call=is_call,
        **{
            "bid": rows[place].last_quote.bid,
            "ask": rows[place].last_quote.ask,
            "delta": rows[place].greeks.delta,
            "gamma": rows[place].greeks.gamma,
            "theta": rows[place].greeks.theta,
            "vega": rows[place].greeks.vega,
            "implied_volatility": rows[place].implied_volatility,
            **values,
        },
    )
    found, columns = complete(rows)
    return found, int(np.flatnonzero(columns.ticker == rows[place].details.ticker)[0])


def test_possible_values_stand_and_nothing_is_counted():
    found, columns = complete(rows_of())
    assert found.refused == {}
    np.testing.assert_array_equal(found.greeks.gamma, columns.gamma)
    assert found.greeks.gamma_is_provider.all()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"implied_volatility": 1e-05}, "impossible_implied_volatility"),
        ({"implied_volatility": 25.0}, "impossible_implied_volatility"),
        ({"implied_volatility": 0.00016, "gamma": -1.67e-08, "delta": 1.0}, "impossible_implied_volatility"),
        ({"implied_volatility": 1.07}, "impossible_implied_volatility"),
        ({"gamma": 1368.0}, "impossible_gamma"),
        ({"gamma": -1e-6}, "impossible_gamma"),
        ({"gamma": 0.012}, "impossible_gamma"),
        ({"delta": -0.5}, "impossible_delta"),
        ({"delta": 1.4}, "impossible_delta"),
        ({"vega": -3.0}, "impossible_vega"),
        ({"vega": 500.0}, "impossible_vega"),
        ({"theta": 1e20}, "impossible_theta"),
        ({"theta": -1e300}, "impossible_theta"),
        ({"theta": 20.0}, "impossible_theta"),
    ],
)
def test_an_impossible_value_is_replaced_by_our_own(values, reason):
    found, row = with_values(6500, True, **values)
    assert found.refused == {reason: 1}
    expected = black_scholes.greeks(True, SPOT, 6500.0, YEARS, RATE, 0.01, VOLATILITY)
    greeks = found.greeks
    assert greeks.gamma[row] == pytest.approx(float(expected.gamma), rel=1e-3)
    assert greeks.delta[row] == pytest.approx(float(expected.delta), abs=1e-3)
    assert greeks.vega[row] == pytest.approx(float(expected.vega), rel=1e-3)
    assert greeks.implied_volatility[row] == pytest.approx(VOLATILITY, abs=1e-4)


def test_a_delta_of_the_wrong_sign_is_refused_for_puts_too():
    found, row = with_values(6500, False, delta=0.45)
    assert found.refused == {"impossible_delta": 1}
    assert found.greeks.delta[row] < 0


def test_one_bad_gamma_does_not_move_the_others():
    clean, _ = complete(rows_of())
    found, row = with_values(6300, True, gamma=1368.0)
    others = np.arange(len(clean.greeks.gamma)) != row
    np.testing.assert_array_equal(found.greeks.gamma[others], clean.greeks.gamma[others])
    assert found.greeks.gamma[row] == pytest.approx(clean.greeks.gamma[row], rel=1e-3)


@pytest.mark.parametrize("factor", [0.5, 1.4, 2.5])
def test_a_volatility_that_only_differs_stands(factor):
    found, row = with_values(6500, True, implied_volatility=VOLATILITY * factor)
    assert found.refused == {}
    assert found.greeks.implied_volatility[row] == VOLATILITY * factor
    assert found.greeks.iv_status[row] == IvStatus.ok


def test_a_very_low_volatility_that_our_own_confirms_stands():
    terms = (True, SPOT, 6500.0, YEARS, RATE, RATE, 0.008)
    value = float(black_scholes.price(*terms))
    pegged = [
        make_row(
            6500, is_call=is_call, bid=value - 0.01, ask=value + 0.01, gamma=None, implied_volatility=0.007
        )
        for is_call in (True, False)
    ]
    found, _ = complete(pegged)
    assert "impossible_implied_volatility" not in found.refused
    assert found.greeks.implied_volatility.tolist() == [0.007, 0.007]


@pytest.mark.parametrize(
    ("gamma", "stands"), [(0.0009, True), (0.0, True), (1.2, False), (1368.0, False), (-1e-9, False)]
)
def test_without_quotes_only_the_impossible_is_refused(gamma, stands):
    found, _ = complete([make_row(6500, bid=None, ask=None, gamma=gamma)])
    assert (found.refused == {}) == stands
    assert found.greeks.gamma_is_provider.tolist() == [stands]


@pytest.mark.parametrize("volatility", [1e-05, 0.009, 5.5, 25.0])
def test_without_quotes_an_impossible_volatility_takes_its_greeks_along(volatility):
    found, _ = complete([make_row(6500, bid=None, ask=None, implied_volatility=volatility)])
    assert found.refused == {"impossible_implied_volatility": 1}
    for name in ("delta", "gamma", "theta", "vega", "rho", "implied_volatility"):
        assert np.isnan(getattr(found.greeks, name)).all()
    assert found.greeks.iv_status.tolist() == [IvStatus.no_quote]


def test_the_greeks_beside_an_impossible_gamma_are_replaced_too():
    found, row = with_values(6300, True, gamma=-0.26, delta=0.70, theta=-0.1)
    clean, _ = complete(rows_of())
    assert found.refused == {"impossible_gamma": 1}
    for name in ("delta", "gamma", "vega"):
        assert getattr(found.greeks, name)[row] == pytest.approx(getattr(clean.greeks, name)[row], rel=0.05)
    assert found.greeks.theta[row] < -1.0


def test_a_theta_beyond_the_price_is_replaced_by_the_price():
    """A theta per day is larger than the contract's price when less than a day is left."""
    at = 1 / 365 / 24
    value = float(black_scholes.price(True, SPOT, 6500.0, at, 0.0, 0.0, VOLATILITY))
    row = make_row(6500, bid=value - 0.05, ask=value + 0.05, theta=-102.0, gamma=0.02, vega=0.2, delta=0.5)
    columns = check_chain([row], ("SPXW",), SESSION).columns
    found = complete_greeks(columns, np.full(1, at), SPOT, inputs_of(), SLOT)
    assert found.refused["impossible_theta"] == 1
    assert found.greeks.theta[0] == pytest.approx(-value, rel=0.05)
