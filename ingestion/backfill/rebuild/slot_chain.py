"""One slot's chain out of what traded: the same columns and greeks a live chain has. Pure, no database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingestion.backfill.contracts.table import Listed
from ingestion.backfill.rebuild.last_trades import SlotTrades
from ingestion.backfill.rebuild.volatility import Terms, carry_of, volatilities
from ingestion.chains.chain_columns import ChainColumns
from ingestion.chains.compute import ComputedChain
from ingestion.chains.greeks import ChainGreeks
from ingestion.chains.spot import Spot
from quant.pricing import black_scholes
from quant.sessions import years_to_expiry

METHOD_VERSION = "backfill-2"


@dataclass(frozen=True, slots=True)
class RebuiltSlot:
    """The chain, how many of its contracts have which forward (parity, neighbours, pooled, spot), and how many have
    their volatility from the other side of their strike alone."""

    chain: ComputedChain
    forwards: dict[str, int]
    from_other_side: int


def rebuild_slot(listed: Listed, trades: SlotTrades, slot_at: datetime) -> RebuiltSlot:
    """Volatilities and greeks of the listed contracts at a slot; contract i of `listed` is contract i of `trades`.

    A contract stays when it traded in the two hours before the slot, or the other side of its strike did and gives
    it a volatility; the others are counted in `rejected`: expired, no_trade, stale, no_underlying. `last` is its own
    trade, bid, ask and open interest are NaN. Raises SpotDisagreesError.
    """
    years = years_to_expiry(listed.root, listed.expiration, slot_at)
    alive = years > 0
    rejected = Counter(expired=int(np.count_nonzero(~alive)))
    terms = Terms(listed.is_call[alive], listed.strike[alive], years[alive])
    made = trades.trades.among(alive)
    carry = carry_of(terms, made, trades.spot)
    found = volatilities(terms, made, carry)

    kept = np.isfinite(trades.last[alive]) | np.isfinite(found.volatility)
    stays = np.zeros(len(listed), dtype=np.bool_)
    stays[alive] = kept
    rejected += trades.refused.among(alive & ~stays)
    greeks = black_scholes.greeks(
        terms.is_call,
        trades.spot,
        terms.strike,
        terms.years,
        carry.rate,
        carry.dividend_yield,
        found.volatility,
    )
    unknown = np.full(int(kept.sum()), np.nan)
    volatility = found.volatility[kept]
    chain = ComputedChain(
        slot_at=slot_at,
        columns=_columns(listed.pick(stays), trades, stays),
        greeks=ChainGreeks(
            years=terms.years[kept],
            delta=greeks.delta[kept],
            gamma=greeks.gamma[kept],
            theta=greeks.theta[kept],
            vega=greeks.vega[kept],
            rho=greeks.rho[kept],
            implied_volatility=volatility,
            iv_status=found.status[kept],
            gamma_is_provider=np.zeros(len(unknown), dtype=np.bool_),
            own_gamma=greeks.gamma[kept],
            own_implied_volatility=volatility,
        ),
        spot=Spot(trades.spot, "bars"),
        rejected=+rejected,
        refused=Counter(),
    )
    return RebuiltSlot(
        chain,
        dict(Counter(carry.rule[kept].tolist())),
        int(np.count_nonzero(np.isfinite(volatility) & ~found.is_own[kept])),
    )


def _columns(listed: Listed, trades: SlotTrades, stays: NDArray[np.bool_]) -> ChainColumns:
    unknown = np.full(len(listed), np.nan)
    return ChainColumns(
        ticker=listed.ticker,
        root=listed.root,
        expiration=listed.expiration,
        is_call=listed.is_call,
        strike=listed.strike,
        multiplier=listed.multiplier,
        bid=unknown,
        ask=unknown,
        last=trades.last[stays],
        volume=trades.volume[stays],
        open_interest=unknown,
        delta=unknown,
        gamma=unknown,
        theta=unknown,
        vega=unknown,
        implied_volatility=unknown,
    )
