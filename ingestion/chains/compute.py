"""Greeks of the contracts of a slot that have not settled. No database access."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ingestion.chains.chain_columns import ChainColumns, Checked
from ingestion.chains.greeks import ChainGreeks, complete_greeks
from ingestion.chains.spot import Spot, spot_by_parity
from quant.sessions import years_to_expiry


class NothingToStore(Exception):
    """The chain contains no unsettled contract of the symbol."""


@dataclass(frozen=True, slots=True)
class ComputedChain:
    """Unsettled contracts of a slot with their greeks, and counts of rejected contracts and numbers by reason."""

    slot_at: datetime
    columns: ChainColumns
    greeks: ChainGreeks
    spot: Spot
    rejected: Counter[str]
    refused: Counter[str]


def compute_chain(checked: Checked, spot: Spot | None, slot_at: datetime, delay_ms: int) -> ComputedChain:
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
    years = years_to_expiry(columns.root, columns.expiration, slot_at - timedelta(milliseconds=delay_ms))
    known = spot or spot_by_parity(columns, years)
    return ComputedChain(
        slot_at=slot_at,
        columns=columns,
        greeks=complete_greeks(columns, years, known.price),
        spot=known,
        rejected=rejected,
        refused=checked.refused,
    )


def finite(number: float) -> float | None:
    """Return the number, or None for NaN, for JSON and nullable columns."""
    return None if math.isnan(number) else number
