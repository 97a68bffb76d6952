"""Sums of dealer gamma over a chain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.chain import Floats, OptionChain


class Totals(NamedTuple):
    """Sums over a chain in dollars per 1 % move."""

    call_gamma: float  # signed by the convention
    put_gamma: float  # signed by the convention: not positive under the naive one
    total_gamma: float  # call_gamma + put_gamma, the net dealer gamma
    gross_gamma: float  # sum of absolute values


def totals(chain: OptionChain, gex: Floats) -> Totals:
    """Add up per-contract dealer gamma `gex`, shape (n,); NaN counts as 0."""
    known = np.where(np.isfinite(gex), gex, 0.0)
    call, put = float((known * chain.is_call).sum()), float((known * ~chain.is_call).sum())
    return Totals(call, put, call + put, float(np.abs(known).sum()))
