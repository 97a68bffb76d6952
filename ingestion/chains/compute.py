"""From checked columns to the living contracts of a slot with all their greeks, without a database."""

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
    """The chain holds no contract that is alive and belongs to the symbol."""


@dataclass(frozen=True, slots=True)
class ComputedChain:
    """The living contracts of a slot with their greeks; what was left out and what was blanked, by reason."""

    slot_at: datetime
    columns: ChainColumns
    greeks: ChainGreeks
    spot: Spot
    rejected: Counter[str]
    refused: Counter[str]


def compute_chain(checked: Checked, spot: Spot | None, slot_at: datetime, delay_ms: int) -> ComputedChain:
    """Leaves out what settled at or before the slot and completes the greeks of the rest.

    Delayed data are those of `slot_at` - `delay_ms`, so that is the instant years to expiry are counted from.
    Raises NothingToStore, with the reasons counted, where no contract is left.
    """
    columns, rejected = checked.columns, checked.rejected
    alive = years_to_expiry(columns.root, columns.expiration, slot_at) > 0
    if not alive.all():
        rejected = rejected + Counter(expired=int(np.count_nonzero(~alive)))
        columns = columns.select(alive)
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
    """The number, or None for NaN, as JSON and NULL want it."""
    return None if math.isnan(number) else number
