"""Sign and size conventions of dealer gamma.

Dealer gamma of a contract is `sign * gamma * size * multiplier * spot^2 * 0.01`: the dollars of the
underlying that dealers must trade for a move of one percent. Open interest has no side, so every
sign is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from quant.chain import Bools, Floats, OptionChain

PER_ONE_PERCENT = 0.01


@dataclass(frozen=True, slots=True)
class Convention:
    """Assumption about dealers: the signs of calls and puts, and the columns used as size and gamma."""

    name: str
    call_sign: float
    put_sign: float
    size: Literal["open_interest", "volume"] = "open_interest"
    gamma: Literal["chain", "own"] = "chain"

    def weights(self, chain: OptionChain) -> Floats:
        """Return sign * size * multiplier per contract, shape (n,), NaN where no size is known."""
        size = chain.open_interest if self.size == "open_interest" else chain.volume
        amount = size * chain.multiplier
        amount = np.where((size >= 0) & np.isfinite(amount), amount, np.nan)
        # A product, because np.where on alternating calls and puts takes four times as long.
        return amount * (chain.is_call * (self.call_sign - self.put_sign) + self.put_sign)


# Customers sell calls and buy puts, so dealers are long calls and short puts (SqueezeMetrics, Unusual
# Whales and most public tools).
NAIVE = Convention("naive", call_sign=1.0, put_sign=-1.0)
# Customers are long every contract and dealers short it: the lower bound of dealer gamma. It is minus
# the gross, has no flip by construction, and shows how much the naive number depends on the assumption.
CUSTOMERS_LONG = Convention("customers_long", call_sign=-1.0, put_sign=-1.0)
# The naive sign with today's volume as size: positions opened on earlier days do not count.
VOLUME_WEIGHTED = Convention("volume_weighted", call_sign=1.0, put_sign=-1.0, size="volume")
# The naive sign with our own gamma instead of that of the provider.
OWN_GAMMA = Convention("own_gamma", call_sign=1.0, put_sign=-1.0, gamma="own")

CONVENTIONS = (NAIVE, CUSTOMERS_LONG, VOLUME_WEIGHTED, OWN_GAMMA)
# The conventions whose sign could be either. They are compared with each other.
VOTERS = (NAIVE, VOLUME_WEIGHTED, OWN_GAMMA)


def live(chain: OptionChain) -> Bools:
    """Return which contracts are not settled yet, shape (n,); an unknown time counts as settled."""
    alive: Bools = chain.years > 0
    return alive


def sane(gamma: Floats) -> Bools:
    """Return where gamma is possible for an option: finite and not negative."""
    ok: Bools = np.isfinite(gamma) & (gamma >= 0)
    return ok


@np.errstate(over="ignore", invalid="ignore")
def dealer_gamma(
    chain: OptionChain, convention: Convention = NAIVE, own_gamma: Floats | None = None
) -> Floats:
    """Return dealer gamma per contract, shape (n,), dollars per 1 % move.

    NaN where it is unknown: settled contracts, gamma missing or impossible, size missing, spot unknown.
    `own_gamma`, shape (n,), is required by conventions with own gamma; without it they raise ValueError.
    """
    if convention.gamma == "own" and own_gamma is None:
        raise ValueError(f"the convention {convention.name} needs own_gamma")
    gamma = chain.gamma if convention.gamma == "chain" or own_gamma is None else own_gamma
    known = live(chain) & sane(gamma)
    scale = chain.spot * chain.spot * PER_ONE_PERCENT
    gex = convention.weights(chain) * gamma * scale
    return np.where(known & np.isfinite(gex), gex, np.nan)
