"""Chain of one slot computed from trades, with the columns and greeks of a live chain. Pure functions, no database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingestion.backfill.contracts.table import ContractTable
from ingestion.backfill.rebuild import volatility
from ingestion.backfill.rebuild.last_trades import SlotTrades
from ingestion.backfill.rebuild.volatility import Carry, Terms, carry_of, volatilities
from ingestion.chains.chain_columns import ChainColumns
from ingestion.chains.compute import ComputedChain
from ingestion.chains.pricing.greeks import ChainGreeks
from ingestion.chains.spot import Spot
from quant.chain import Floats, OptionChain
from quant.pricing import black_scholes, expiration_curve
from quant.pricing.expiration_curve import ExpirationCurve
from quant.sessions import years_to_expiry

METHOD_VERSION = "backfill-3"
_QUALITY = {
    volatility.PARITY: expiration_curve.PARITY,
    volatility.NEIGHBOURS: expiration_curve.INTERPOLATED,
    volatility.POOLED: expiration_curve.INTERPOLATED,
    volatility.SPOT: expiration_curve.ASSUMED,
}


@dataclass(frozen=True, slots=True)
class RebuiltSlot:
    """A rebuilt chain.

    `forwards` counts its contracts by how their forward was found (parity, neighbours, pooled, spot),
    `from_other_side` those whose volatility comes only from the other side of their strike.
    """

    chain: ComputedChain
    forwards: dict[str, int]
    from_other_side: int


def rebuild_slot(contracts: ContractTable, trades: SlotTrades, slot_at: datetime) -> RebuiltSlot:
    """Return the volatilities and greeks of contracts at a slot; contract i is contract i of `trades`.

    A contract is kept if it traded in the two hours before the slot, or if the other side of its strike did and
    determines a volatility. The others are counted in `rejected`: expired, no_trade, stale, no_underlying. `last`
    is the price of the contract's own last trade; bid, ask and open interest are NaN. Raises SpotDisagreesError.
    """
    years = years_to_expiry(contracts.root, contracts.expiration, slot_at)
    alive = years > 0
    rejected = Counter(expired=int(np.count_nonzero(~alive)))
    terms = Terms(contracts.is_call[alive], contracts.strike[alive], years[alive])
    own_trades = trades.trades.subset(alive)
    carry = carry_of(terms, own_trades, trades.spot)
    implied = volatilities(terms, own_trades, carry)

    kept = np.isfinite(trades.last[alive]) | np.isfinite(implied.volatility)
    kept_rows = np.zeros(len(contracts), dtype=np.bool_)
    kept_rows[alive] = kept
    rejected += trades.excluded.counts(alive & ~kept_rows)
    greeks = black_scholes.greeks(
        terms.is_call,
        trades.spot,
        terms.strike,
        terms.years,
        carry.rate,
        carry.dividend_yield,
        implied.volatility,
    )
    nan = np.full(int(kept.sum()), np.nan)
    forward = trades.spot * np.exp((carry.rate - carry.dividend_yield) * terms.years)
    theta = black_scholes.one_day_theta(
        terms.is_call, forward, terms.strike, terms.years, carry.rate, implied.volatility
    )
    kept_volatility = implied.volatility[kept]
    kept_contracts = contracts.select(kept_rows)
    chain = ComputedChain(
        slot_at=slot_at,
        columns=_columns(kept_contracts, trades, kept_rows),
        greeks=ChainGreeks(
            years=terms.years[kept],
            delta=np.clip(greeks.delta[kept], -1.0, 1.0),
            gamma=greeks.gamma[kept],
            theta=theta[kept],
            vega=greeks.vega[kept],
            rho=greeks.rho[kept],
            implied_volatility=kept_volatility,
            iv_status=implied.status[kept],
            gamma_is_provider=np.zeros(len(nan), dtype=np.bool_),
            own_gamma=greeks.gamma[kept],
            own_implied_volatility=kept_volatility,
            forward=forward[kept],
            rate=carry.rate[kept],
        ),
        spot=Spot(trades.spot, "bars"),
        rejected=+rejected,
        refused=Counter(),
        curve=_curve(kept_contracts, terms.years[kept], forward[kept], carry.select(kept)),
    )
    return RebuiltSlot(
        chain,
        dict(Counter(carry.rule[kept].tolist())),
        int(np.count_nonzero(np.isfinite(kept_volatility) & ~implied.is_own[kept])),
    )


def _curve(contracts: ContractTable, years: Floats, forward: Floats, carry: Carry) -> ExpirationCurve:
    """Return the forwards of the kept contracts' settlements. The number of strikes they are from is not known."""
    chain = OptionChain.of(
        root=contracts.root,
        expiration=contracts.expiration,
        is_call=contracts.is_call,
        strike=contracts.strike,
        years=years,
        spot=np.nan,
    )
    member, first = chain.groups()
    return ExpirationCurve(
        member=member,
        root=contracts.root[first],
        expiration=contracts.expiration[first],
        years=years[first],
        is_american=np.zeros(len(first), dtype=np.bool_),
        forward=forward[first],
        error=np.full(len(first), np.nan),
        rate=carry.rate[first],
        borrow=carry.dividend_yield[first],
        dividends=np.zeros(len(first)),
        quotes=np.zeros(len(first), dtype=np.int64),
        quality=np.array([_QUALITY[rule] for rule in carry.rule[first].tolist()], dtype="U12"),
        discount=None,
    )


def _columns(contracts: ContractTable, trades: SlotTrades, kept_rows: NDArray[np.bool_]) -> ChainColumns:
    nan = np.full(len(contracts), np.nan)
    return ChainColumns(
        ticker=contracts.ticker,
        root=contracts.root,
        expiration=contracts.expiration,
        is_call=contracts.is_call,
        strike=contracts.strike,
        multiplier=contracts.multiplier,
        american=nan,
        bid=nan,
        ask=nan,
        last=trades.last[kept_rows],
        volume=trades.volume[kept_rows],
        open_interest=nan,
        delta=nan,
        gamma=nan,
        theta=nan,
        vega=nan,
        implied_volatility=nan,
    )
