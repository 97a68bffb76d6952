"""Comparison with two independent implementations, QuantLib and vollib."""

from __future__ import annotations

import numpy as np
import QuantLib
from vollib.black_scholes_merton import black_scholes_merton
from vollib.black_scholes_merton.greeks import analytical
from vollib.black_scholes_merton.implied_volatility import implied_volatility

from quant.pricing import black_scholes, implied_vol

COUNT = 300


def random_chain():
    """Return options of one day to five years, 5 % to 200 % volatility, strikes within two standard deviations."""
    random = np.random.default_rng(20260115)
    years = np.exp(random.uniform(np.log(1 / 365), np.log(5), COUNT))
    volatility = np.exp(random.uniform(np.log(0.05), np.log(2.0), COUNT))
    spot = random.uniform(20, 400, COUNT)
    strike = spot * np.exp(random.uniform(-2, 2, COUNT) * volatility * np.sqrt(years))
    rate, dividend_yield = random.uniform(0, 0.08, COUNT), random.uniform(0, 0.05, COUNT)
    return random.random(COUNT) < 0.5, spot, strike, years, rate, dividend_yield, volatility


def scalars(*columns):
    return zip(*(column.tolist() for column in columns), strict=True)


def quantlib_price(is_call, spot, strike, years, rate, dividend_yield, volatility):
    discount = np.exp(-rate * years)
    forward = spot * np.exp((rate - dividend_yield) * years)
    kind = QuantLib.Option.Call if is_call else QuantLib.Option.Put
    return QuantLib.blackFormula(kind, strike, forward, volatility * np.sqrt(years), discount)


def test_prices_agree_with_quantlib_and_vollib():
    chain = random_chain()
    computed = black_scholes.price(*chain)
    np.testing.assert_allclose(
        computed, [quantlib_price(*row) for row in scalars(*chain)], rtol=0, atol=1e-10
    )
    vollib = [
        black_scholes_merton("c" if is_call else "p", spot, strike, years, rate, volatility, dividend_yield)
        for is_call, spot, strike, years, rate, dividend_yield, volatility in scalars(*chain)
    ]
    np.testing.assert_allclose(computed, vollib, rtol=0, atol=1e-10)


def test_greeks_agree_with_vollib_in_the_same_units():
    chain = random_chain()
    computed = black_scholes.greeks(*chain)
    for name in ("delta", "gamma", "theta", "vega", "rho"):
        vollib = [
            getattr(analytical, name)(
                "c" if is_call else "p", spot, strike, years, rate, volatility, dividend_yield
            )
            for is_call, spot, strike, years, rate, dividend_yield, volatility in scalars(*chain)
        ]
        np.testing.assert_allclose(getattr(computed, name), vollib, rtol=1e-10, atol=1e-11, err_msg=name)


def test_implied_volatilities_agree_with_quantlib():
    is_call, spot, strike, years, rate, dividend_yield, volatility = chain = random_chain()
    price = black_scholes.price(*chain)
    forward, discount = spot * np.exp((rate - dividend_yield) * years), np.exp(-rate * years)
    expected = [
        QuantLib.blackFormulaImpliedStdDev(
            QuantLib.Option.Call if call else QuantLib.Option.Put,
            level,
            ahead,
            value,
            factor,
            0.0,
            QuantLib.nullDouble(),
            1e-14,
            1000,
        )
        for call, level, ahead, value, factor in scalars(is_call, strike, forward, price, discount)
    ]
    computed, status = implied_vol.solve(is_call, price, spot, strike, years, rate, dividend_yield)
    assert (status == implied_vol.IvStatus.ok).all()
    np.testing.assert_allclose(computed, expected / np.sqrt(years), rtol=0, atol=1e-9)
    np.testing.assert_allclose(computed, volatility, rtol=0, atol=1e-10)


def test_implied_volatilities_agree_with_vollib():
    is_call, spot, strike, years, rate, dividend_yield, _ = chain = random_chain()
    price = black_scholes.price(*chain)
    expected = [
        implied_volatility(value, underlying, level, time, interest, dividend, "c" if call else "p")
        for call, value, underlying, level, time, interest, dividend in scalars(
            is_call, price, spot, strike, years, rate, dividend_yield
        )
    ]
    computed, _ = implied_vol.solve(is_call, price, spot, strike, years, rate, dividend_yield)
    np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-9)
