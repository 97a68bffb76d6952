"""Greeks of the contracts of a slot that have not settled. No database access."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from ingestion.chains.chain_columns import ChainColumns, Checked
from ingestion.chains.pricing.greeks import ChainGreeks, complete_greeks
from ingestion.chains.pricing.inputs import PricingInputs
from ingestion.chains.spot import Spot, spot_by_parity
from quant.chain import Bools, OptionChain
from quant.contracts import is_adjusted
from quant.pricing.expiration_curve import ExpirationCurve
from quant.sessions import years_to_expiry


class NothingToStore(Exception):
    """The chain contains no unsettled contract of the symbol."""


@dataclass(frozen=True)
class ComputedChain:
    """Unsettled contracts of a slot with their greeks, and counts of rejected contracts and numbers by reason.

    `curve` has the forwards of the standard contracts, and `inputs` what else they were priced with: None for a rebuilt
    chain, whose forwards come from trades.
    """

    slot_at: datetime
    columns: ChainColumns
    greeks: ChainGreeks
    spot: Spot
    rejected: Counter[str]
    refused: Counter[str]
    curve: ExpirationCurve
    inputs: PricingInputs | None = None

    @property
    def standard(self) -> Bools:
        """Mask of the contracts that are not adjusted, shape (n,)."""
        return ~is_adjusted(self.columns.root, self.columns.multiplier)

    @cached_property
    def option_chain(self) -> OptionChain:
        """The standard contracts as columns for `quant`. All measures of the chain are computed from them."""
        columns, greeks = self.columns, self.greeks
        return OptionChain(
            root=columns.root,
            expiration=columns.expiration,
            is_call=columns.is_call,
            strike=columns.strike,
            years=greeks.years,
            bid=columns.bid,
            ask=columns.ask,
            last=columns.last,
            volume=columns.volume,
            open_interest=columns.open_interest,
            multiplier=columns.multiplier,
            delta=greeks.delta,
            gamma=greeks.gamma,
            implied_volatility=greeks.implied_volatility,
            forward=greeks.forward,
            rate=greeks.rate,
            spot=self.spot.price,
        ).select(self.standard)


def compute_chain(
    checked: Checked, spot: Spot | None, slot_at: datetime, delay_ms: int, inputs: PricingInputs
) -> ComputedChain:
    """Remove contracts that settled at or before the slot and compute the missing greeks of the others.

    Delayed data belong to `slot_at` - `delay_ms`, so years to settlement are counted from that instant. Raises
    NothingToStore, with counted reasons, when no contract is left.
    """
    columns, rejected = checked.columns, checked.rejected
    unsettled = years_to_expiry(columns.root, columns.expiration, slot_at) > 0
    if not unsettled.all():
        rejected = rejected + Counter(expired=int(np.count_nonzero(~unsettled)))
        columns = columns.select(unsettled)
    if not len(columns):
        reasons = (
            ", ".join(f"{reason}: {count}" for reason, count in rejected.items()) or "the chain is empty"
        )
        raise NothingToStore(f"no contract to store ({reasons}); check the symbol's roots in the watchlist")
    at = slot_at - timedelta(milliseconds=delay_ms)
    years = years_to_expiry(columns.root, columns.expiration, at)
    known = spot or spot_by_parity(columns, years)
    completed = complete_greeks(columns, years, known.price, inputs, at)
    return ComputedChain(
        slot_at=slot_at,
        columns=columns,
        greeks=completed.greeks,
        spot=known,
        rejected=rejected,
        refused=checked.refused + completed.refused,
        curve=completed.curve,
        inputs=inputs,
    )


def finite(number: float) -> float | None:
    """Return the number, or None for NaN, for JSON and nullable columns."""
    return None if math.isnan(number) else number
