"""Prices and greeks of American contracts by QuantLib's finite differences, in the units of `quant.pricing`."""

from __future__ import annotations

import math
from typing import NamedTuple

import QuantLib

DAYS_PER_YEAR = 365
VOLATILITY_BUMP = 0.002
RATE_BUMP = 0.001
TODAY = QuantLib.Date(2, 1, 2026)


class Terms(NamedTuple):
    """One contract for QuantLib. Days are whole calendar days from now; a dividend is a pair (day, dollars)."""

    is_call: bool
    spot: float
    strike: float
    days: int
    rate: float
    borrow: float
    volatility: float
    dividends: tuple[tuple[int, float], ...]


class Values(NamedTuple):
    """Theta is the change over one calendar day, vega and rho are per percentage point."""

    price: float
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


def option(terms: Terms, time_steps: int, asset_steps: int) -> QuantLib.VanillaOption:
    """Return the option with QuantLib's `FdBlackScholesVanillaEngine` in its Escrowed model."""
    QuantLib.Settings.instance().evaluationDate = TODAY
    count = QuantLib.Actual365Fixed()
    process = QuantLib.BlackScholesMertonProcess(
        QuantLib.QuoteHandle(QuantLib.SimpleQuote(terms.spot)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, terms.borrow, count)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, terms.rate, count)),
        QuantLib.BlackVolTermStructureHandle(
            QuantLib.BlackConstantVol(TODAY, QuantLib.NullCalendar(), terms.volatility, count)
        ),
    )
    schedule = QuantLib.DividendVector(
        [TODAY + day for day, _ in terms.dividends], [cash for _, cash in terms.dividends]
    )
    engine = QuantLib.FdBlackScholesVanillaEngine(
        process,
        schedule,
        time_steps,
        asset_steps,
        0,
        QuantLib.FdmSchemeDesc.Douglas(),
        False,
        -QuantLib.nullDouble(),
        QuantLib.FdBlackScholesVanillaEngine.Escrowed,
    )
    kind = QuantLib.Option.Call if terms.is_call else QuantLib.Option.Put
    payoff = QuantLib.PlainVanillaPayoff(kind, terms.strike)
    contract = QuantLib.VanillaOption(payoff, QuantLib.AmericanExercise(TODAY, TODAY + terms.days))
    contract.setPricingEngine(engine)
    return contract


def price(terms: Terms, time_steps: int, asset_steps: int) -> float:
    """Return the price alone, in dollars."""
    value: float = option(terms, time_steps, asset_steps).NPV()
    return value


def values(terms: Terms, time_steps: int, asset_steps: int) -> Values:
    """Return price and greeks: delta and gamma of the engine, the others by six more solutions in all."""

    def shifted(volatility: float = 0.0, rate: float = 0.0) -> float:
        moved = terms._replace(volatility=terms.volatility + volatility, rate=terms.rate + rate)
        return price(moved, time_steps, asset_steps)

    now = option(terms, time_steps, asset_steps)
    value = now.NPV()
    vega = shifted(volatility=VOLATILITY_BUMP) - shifted(volatility=-VOLATILITY_BUMP)
    rho = shifted(rate=RATE_BUMP) - shifted(rate=-RATE_BUMP)
    return Values(
        price=value,
        delta=now.delta(),
        gamma=now.gamma(),
        theta=_tomorrow(terms, time_steps, asset_steps) - value,
        vega=vega / (200 * VOLATILITY_BUMP),
        rho=rho / (200 * RATE_BUMP),
    )


def _tomorrow(terms: Terms, time_steps: int, asset_steps: int) -> float:
    """Return the price one day later, with spot on its forward and the dividends of the first day paid."""
    carry = terms.rate - terms.borrow
    due = [(day, cash) for day, cash in terms.dividends if day <= 1]
    spot = terms.spot * math.exp(carry / DAYS_PER_YEAR)
    spot -= sum(cash * math.exp(carry * (1 - day) / DAYS_PER_YEAR) for day, cash in due)
    if terms.days == 1:
        return max(spot - terms.strike if terms.is_call else terms.strike - spot, 0.0)
    left = tuple((day - 1, cash) for day, cash in terms.dividends if day > 1)
    later = terms._replace(spot=spot, days=terms.days - 1, dividends=left)
    return price(later, time_steps, asset_steps)
