"""Features of a chain for setups: its largest strikes, and the contracts that settle in the session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Floats, OptionChain
from quant.gamma.conventions import live, sane
from quant.gamma.levels import largest


@dataclass(frozen=True, slots=True)
class SessionPin:
    """The strike with the largest open interest times gamma of the contracts that settle at today's close.

    `open_interest` is that of the strike in contracts, `share` its part of the sum over all strikes, 0 to 1. All are
    None where no contract with a known gamma settles at the close. `settles_today` says whether contracts expire on the
    day of the chain, also those that were settled at the open.
    """

    strike: float | None
    open_interest: float | None
    share: float | None
    settles_today: bool


def session_pin(chain: OptionChain) -> SessionPin:
    """Return the pin of a chain of one symbol. An AM-settled contract of today is settled and does not count."""
    today = chain.days_to_expiry == 0
    known = sane(chain.gamma) & np.isfinite(chain.open_interest)
    size = np.where(known, chain.open_interest, 0.0) * np.where(known, chain.gamma, 0.0)
    usable = today & live(chain) & (size > 0)
    if not usable.any():
        return SessionPin(None, None, None, bool(today.any()))
    strikes, place = np.unique(chain.strike[usable], return_inverse=True)
    sums = np.bincount(place, size[usable], len(strikes)).astype(np.float64, copy=False)
    held = np.bincount(place, chain.open_interest[usable], len(strikes))
    strike = largest(strikes, sums, np.ones(len(strikes), dtype=np.bool_), chain.spot)
    row = int(np.flatnonzero(strikes == strike)[0])
    return SessionPin(strike, float(held[row]), float(sums[row] / sums.sum()), True)


def largest_net_strike(strike: Floats, net: Floats, spot: float) -> float | None:
    """Return the strike with the largest absolute net gamma; of equal ones, the nearest to spot."""
    return largest(strike, np.abs(net), np.ones(len(strike), dtype=np.bool_), spot)


def usable_share(chain: OptionChain) -> float | None:
    """Return the share of open interest, 0 to 1, of contracts with a usable gamma, of those not settled yet."""
    listed = live(chain) & np.isfinite(chain.open_interest) & (chain.open_interest > 0)
    held = np.where(listed, chain.open_interest, 0.0)
    total = float(held.sum())
    return float(held[sane(chain.gamma)].sum()) / total if total > 0 else None
