"""Greeks of a chain: the provider's where it sent them, otherwise ours, otherwise a reason.

Presence is decided for each number. An implied volatility of 0 means absent. A provider gamma other than 0 is used even
where its implied volatility is 0; a gamma of 0 is used only where the implied volatility is present.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingestion.chains.chain_columns import ChainColumns
from ingestion.chains.pricing.inputs import PricingInputs
from ingestion.chains.pricing.vendor_checks import OwnValues, refuse_impossible
from quant.chain import Bools, Floats, OptionChain
from quant.contracts import is_adjusted
from quant.pricing.american import Greeks
from quant.pricing.expiration_curve import ExpirationCurve, expiration_curve
from quant.pricing.iv_status import IvStatus
from quant.pricing.strike_volatility import StrikeVolatility, chain_greeks, strike_volatility, without_deep

METHOD_VERSION = "greeks-2"


@dataclass(frozen=True, slots=True)
class ChainGreeks:
    """Greeks as arrays of shape (n,): theta per calendar day, vega and rho per point.

    `gamma_is_provider` marks gammas that the provider sent. `own_gamma` and `own_implied_volatility` are computed from
    the quotes of every standard contract that has one, also where the provider sent values; the sensitivity of the
    gamma snapshot uses them. `forward` and `rate` are those of the contract's settlement, NaN for adjusted contracts.
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
    forward: Floats
    rate: Floats


@dataclass(frozen=True, slots=True)
class Completed:
    """Greeks, the curve of the standard contracts, and counts of the provider's values that were refused by reason."""

    greeks: ChainGreeks
    curve: ExpirationCurve
    refused: Counter[str]


def complete_greeks(
    columns: ChainColumns, years: Floats, spot: float, inputs: PricingInputs, at: datetime
) -> Completed:
    """Compute the greeks that the provider did not send, or sent with impossible values.

    `years` to settlement from the instant `at`, shape (n,); `spot` NaN when unknown. Our own values follow from one
    volatility per strike (`quant.pricing.strike_volatility`); where it has none, from the provider's volatility. Rho is
    always ours, because the provider does not send it. Adjusted contracts (`quant.contracts.is_adjusted`) are left out
    of forwards and volatilities; for them only the provider's values are known.
    """
    standard = ~is_adjusted(columns.root, columns.multiplier)
    dividends = inputs.dividends_from(at)
    chain = option_chain(columns, years, spot).select(standard)
    style = np.where(np.isnan(columns.american), inputs.is_american, columns.american > 0)[standard]
    curve = expiration_curve(chain, style, inputs.rates, dividends, inputs.own_rates)
    solved = strike_volatility(chain, curve, dividends)
    sent_iv = np.where(chain.implied_volatility > 0, chain.implied_volatility, np.nan)
    used = np.where(np.isnan(solved.volatility), sent_iv, solved.volatility)
    ours = chain_greeks(chain, curve, used, dividends)
    return _merged(columns, years, standard, curve, solved, ours, spot)


def option_chain(columns: ChainColumns, years: Floats, spot: float) -> OptionChain:
    """Return the contracts as columns for `quant`, with the provider's volatility."""
    return OptionChain.of(
        root=columns.root,
        expiration=columns.expiration,
        is_call=columns.is_call,
        strike=columns.strike,
        years=years,
        spot=spot,
        bid=columns.bid,
        ask=columns.ask,
        implied_volatility=columns.implied_volatility,
    )


def _merged(
    columns: ChainColumns,
    years: Floats,
    standard: Bools,
    curve: ExpirationCurve,
    solved: StrikeVolatility,
    ours: Greeks,
    spot: float,
) -> Completed:
    """Return the provider's possible values, completed by ours of the `standard` contracts."""
    reported = without_deep(solved, ours.delta)

    def spread(values: Floats) -> Floats:
        everywhere = np.full(len(columns), np.nan)
        everywhere[standard] = values
        return everywhere

    is_own = np.isfinite(solved.volatility)
    own = OwnValues(
        spread(solved.volatility),
        spread(np.where(is_own, ours.delta, np.nan)),
        spread(np.where(is_own, ours.gamma, np.nan)),
        spot,
    )
    settlement = np.full(len(columns), len(curve), dtype=np.intp)
    settlement[standard] = curve.member
    checked, refused = refuse_impossible(columns, own, settlement, years)
    sent_iv = np.where(checked.implied_volatility > 0, checked.implied_volatility, np.nan)
    # A volatility that was refused now is not a source of greeks.
    usable = np.isfinite(own.volatility) | np.isfinite(sent_iv)

    def is_sent(number: Floats) -> Bools:
        present: Bools = ~np.isnan(number) & ((number != 0) | ~np.isnan(sent_iv))
        return present

    def sent_or(sent: Floats, computed: Floats) -> Floats:
        return np.where(is_sent(sent), sent, np.where(usable, spread(computed), np.nan))

    own_status = np.full(len(columns), IvStatus.adjusted, dtype=np.int8)
    own_status[standard] = reported.status
    own_iv = spread(reported.volatility)
    greeks = ChainGreeks(
        years=years,
        delta=sent_or(checked.delta, ours.delta),
        gamma=sent_or(checked.gamma, ours.gamma),
        theta=sent_or(checked.theta, ours.theta),
        vega=sent_or(checked.vega, ours.vega),
        rho=np.where(usable, spread(ours.rho), np.nan),
        implied_volatility=np.where(np.isnan(sent_iv), own_iv, sent_iv),
        iv_status=np.where(np.isnan(sent_iv), own_status, IvStatus.ok).astype(np.int8),
        gamma_is_provider=is_sent(checked.gamma),
        own_gamma=own.gamma,
        own_implied_volatility=own.volatility,
        forward=spread(curve.forward[curve.member]),
        rate=spread(curve.rate[curve.member]),
    )
    return Completed(greeks, curve, refused)
