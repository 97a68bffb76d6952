"""Our own volatility and greeks of a chain: one volatility per strike, solved on its out-of-the-money side.

A call and a put of one strike and settlement have the same volatility. The side out of the money determines it best:
its price is time value only, and half a cent of a deep contract's price is worth many points of volatility.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats, OptionChain
from quant.pricing import american, black_scholes, implied_vol
from quant.pricing.american import Dividends, Greeks
from quant.pricing.expiration_curve import ExpirationCurve
from quant.pricing.iv_status import IvStatus, quote_status

# At this |delta| and above, a price hardly depends on volatility.
DEEP_DELTA = 0.995


class StrikeVolatility(NamedTuple):
    """Volatility of each contract's strike, a fraction, and int8 codes of ``IvStatus``; both of shape (n,).

    ``other_side`` marks volatilities that were solved from the contract on the other side of the strike.
    """

    volatility: Floats
    status: NDArray[np.int8]


@np.errstate(all="ignore")
def strike_volatility(chain: OptionChain, curve: ExpirationCurve, dividends: Dividends) -> StrikeVolatility:
    """Solve the volatility of every strike from the mid of its side out of the money, or of the only listed side.

    Where there is none, both sides have the reason of the side that it would be solved from.
    """
    money = np.where(curve.is_american, chain.spot, curve.forward)[curve.member]
    outside = np.where(chain.strike >= money, chain.is_call, ~chain.is_call)
    group, _ = chain.groups(chain.strike)
    # The side out of the money is last in its strike, or the only one.
    order = np.lexsort((outside, group))
    last = np.append(group[order][1:] != group[order][:-1], True) if len(order) else np.zeros(0, np.bool_)
    solved_at = order[last][group]
    rows = order[last]
    solved = _solve(chain.select(rows), curve, curve.member[rows], dividends)
    status, volatility = np.empty(len(chain), np.int8), np.empty(len(chain))
    status[rows], volatility[rows] = solved.status, solved.volatility
    status, volatility = status[solved_at], volatility[solved_at]
    taken = (solved_at != np.arange(len(chain))) & (status == IvStatus.ok)
    status[taken] = IvStatus.other_side
    return StrikeVolatility(volatility, status)


def without_deep(solved: StrikeVolatility, delta: Floats) -> StrikeVolatility:
    """Return the volatilities to report: none where |delta|, shape (n,), says that the price does not depend on it."""
    deep = np.isfinite(solved.volatility) & (np.abs(delta) >= DEEP_DELTA)
    return StrikeVolatility(
        np.where(deep, np.nan, solved.volatility),
        np.where(deep, IvStatus.deep, solved.status).astype(np.int8),
    )


@np.errstate(all="ignore")
def chain_greeks(
    chain: OptionChain, curve: ExpirationCurve, volatility: Floats, dividends: Dividends
) -> Greeks:
    """Return the greeks of a chain at volatilities (n,), in the units of ``american.Greeks``, by exercise style.

    Theta is the value one calendar day later, with spot on its forward and due dividends paid, minus the value now; a
    contract with less than a day left has the theta until settlement. Delta is between -1 and 1.
    """
    style = curve.is_american[curve.member]
    result = Greeks(*(np.full(len(chain), np.nan) for _ in Greeks._fields))
    for chosen, method in ((style, _american_greeks), (~style, _european_greeks)):
        rows = np.flatnonzero(chosen & np.isfinite(volatility))
        if len(rows):
            found = method(chain.select(rows), curve, curve.member[rows], volatility[rows], dividends)
            for column, values in zip(result, found, strict=True):
                column[rows] = values
    return result


def _american_greeks(
    chain: OptionChain,
    curve: ExpirationCurve,
    member: NDArray[np.intp],
    volatility: Floats,
    dividends: Dividends,
) -> Greeks:
    carry = (curve.rate[member], curve.borrow[member])
    return american.greeks(
        chain.is_call, chain.spot, chain.strike, chain.years, *carry, volatility, dividends
    )


def _european_greeks(
    chain: OptionChain, curve: ExpirationCurve, member: NDArray[np.intp], volatility: Floats, _: Dividends
) -> Greeks:
    rate, forward = curve.rate[member], curve.forward[member]
    known = (chain.is_call, chain.spot, chain.strike, chain.years, rate, curve.borrow[member], volatility)
    greeks = black_scholes.greeks(*known)
    return Greeks(
        # An outdated spot below the discounted forward would give a little more than 1.
        delta=np.clip(greeks.delta, -1.0, 1.0),
        gamma=greeks.gamma,
        theta=black_scholes.one_day_theta(
            chain.is_call, forward, chain.strike, chain.years, rate, volatility
        ),
        vega=greeks.vega,
        rho=greeks.rho,
    )


def _solve(
    chain: OptionChain, curve: ExpirationCurve, member: NDArray[np.intp], dividends: Dividends
) -> StrikeVolatility:
    """Solve from the mid of valid quotes; elsewhere the status is the fault of the quote."""
    quoted = quote_status(chain.bid, chain.ask)
    mid = np.where(quoted == IvStatus.ok, 0.5 * (chain.bid + chain.ask), np.nan)
    style, rate, forward = curve.is_american[member], curve.rate[member], curve.forward[member]
    volatility, status = np.empty(len(chain)), np.empty(len(chain), np.int8)
    rows = np.flatnonzero(~style)
    # Without spot there are no greeks, and the volatility is left out with them.
    held = (forward * np.exp(-rate * chain.years) if chain.spot > 0 else np.full(len(chain), np.nan))[rows]
    terms = (chain.is_call[rows], mid[rows], held, chain.strike[rows], chain.years[rows], rate[rows])
    volatility[rows], status[rows] = implied_vol.solve(*terms, 0.0)
    rows = np.flatnonzero(style)
    american_terms = (chain.is_call[rows], mid[rows], chain.spot, chain.strike[rows], chain.years[rows])
    carry = (rate[rows], curve.borrow[member][rows])
    volatility[rows], status[rows] = american.implied_vol(*american_terms, *carry, dividends)
    no_earlier_cause = (status != IvStatus.no_underlying) & (status != IvStatus.expired)
    status = np.where(no_earlier_cause & (quoted != IvStatus.ok), quoted, status)
    return StrikeVolatility(volatility, status.astype(np.int8))
