"""Greeks of a chain: the provider's where it sent them, otherwise ours, otherwise a reason.

Presence is decided for each number. An implied volatility of 0 means absent. A provider gamma other than 0 is used even
where its implied volatility is 0; a gamma of 0 is used only where the implied volatility is present.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingestion.chains.chain_columns import ChainColumns
from quant.chain import Floats
from quant.pricing import black_scholes
from quant.pricing.implied_forward import forward_curve
from quant.pricing.implied_vol import IvStatus, quote_status, solve

METHOD_VERSION = "greeks-1"


@dataclass(frozen=True, slots=True)
class ChainGreeks:
    """Greeks as arrays of shape (n,): theta per calendar day, vega and rho per point.

    `gamma_is_provider` marks gammas that the provider sent. `own_gamma` and `own_implied_volatility` are computed from
    the quote of every contract that has one, also where the provider sent values; the sensitivity of the gamma snapshot
    uses them.
    """

    years: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    rho: Floats
    implied_volatility: Floats
    iv_status: NDArray[np.int8]
    gamma_is_provider: NDArray[np.bool_]
    own_gamma: Floats
    own_implied_volatility: Floats


def complete_greeks(columns: ChainColumns, years: Floats, spot: float) -> ChainGreeks:
    """Compute the greeks that the provider did not send. `years` to settlement, shape (n,); `spot` NaN when unknown.

    Implied volatility is solved from the mid of the quote, with the forward of the expiration by put-call parity (spot
    without dividend when no strike is quoted on both sides). Greeks follow from the Black-Scholes-Merton formula at the
    volatility that is used. Rho is always ours, because the provider does not send it.
    """
    curve = forward_curve(columns.is_call, columns.strike, columns.bid, columns.ask, years, spot)
    carried = np.isfinite(curve.dividend_yield)
    rate = np.where(carried, curve.rate, 0.0)
    dividend_yield = np.where(carried, curve.dividend_yield, 0.0)
    own_iv, own_status = _own_implied_volatility(columns, spot, years, rate, dividend_yield)
    sent_iv = np.where(columns.implied_volatility > 0, columns.implied_volatility, np.nan)
    volatility = np.where(np.isnan(sent_iv), own_iv, sent_iv)
    status = np.where(np.isnan(sent_iv), own_status, IvStatus.ok).astype(np.int8)

    terms = (columns.is_call, spot, columns.strike, years, rate, dividend_yield)
    own = black_scholes.greeks(*terms, own_iv)
    standing = black_scholes.greeks(*terms, volatility)

    def is_sent(number: Floats) -> NDArray[np.bool_]:
        present: NDArray[np.bool_] = ~np.isnan(number) & ((number != 0) | ~np.isnan(sent_iv))
        return present

    def sent_or(sent: Floats, computed: Floats) -> Floats:
        return np.where(is_sent(sent), sent, computed)

    return ChainGreeks(
        years=years,
        delta=sent_or(columns.delta, standing.delta),
        gamma=sent_or(columns.gamma, standing.gamma),
        theta=sent_or(columns.theta, standing.theta),
        vega=sent_or(columns.vega, standing.vega),
        rho=standing.rho,
        implied_volatility=volatility,
        iv_status=status,
        gamma_is_provider=is_sent(columns.gamma),
        own_gamma=own.gamma,
        own_implied_volatility=own_iv,
    )


def _own_implied_volatility(
    columns: ChainColumns, spot: float, years: Floats, rate: Floats, dividend_yield: Floats
) -> tuple[Floats, NDArray[np.int8]]:
    """Solve from the mid of valid quotes; elsewhere the status is the fault of the quote."""
    quoted = quote_status(columns.bid, columns.ask)
    mid = np.where(quoted == IvStatus.ok, 0.5 * (columns.bid + columns.ask), np.nan)
    solved = solve(columns.is_call, mid, spot, columns.strike, years, rate, dividend_yield)
    no_cause_before_the_quote = (solved.status != IvStatus.no_underlying) & (
        solved.status != IvStatus.expired
    )
    status = np.where(no_cause_before_the_quote & (quoted != IvStatus.ok), quoted, solved.status)
    return solved.volatility, status.astype(np.int8)
