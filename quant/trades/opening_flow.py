"""Division of a session's flow into opened and closed contracts by the change of open interest.

Open interest is published in the morning for the end of the session before. So the change over a session is the value
of the next session less that of the session itself. It bounds how many of the contracts that were traded opened or
closed positions; the rest was traded both ways within the session, or moved between holders.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from quant.chain import Floats

METHOD_VERSION: Final = "flow-opening-1"


class OpeningFlow(NamedTuple):
    """Sums over contracts: sizes in contracts, premiums in dollars.

    `contracts` and `premium` are those of the whole flow. What is neither opened, closed nor unknown is the rest.
    """

    contracts: float
    opened_contracts: float
    closed_contracts: float
    unknown_contracts: float
    premium: float
    opened_premium: float
    closed_premium: float
    unknown_premium: float


def opening_flow(volume: Floats, premium: Floats, change: Floats) -> OpeningFlow:
    """Return the opened, closed and unknown part of the flow; arrays of shape (n,), one position per contract.

    `volume` is the size of the contract's flow (contracts, above 0), `premium` its premium in dollars, `change` the
    change of its open interest over the session, NaN where either value is unknown. Opened are min(volume, change)
    contracts where it rose, closed min(volume, -change) where it fell, and unknown is all volume without a change. A
    contract's premium is divided like its volume.
    """
    known = ~np.isnan(change)
    moved = np.where(known, change, 0.0)
    opened = np.minimum(volume, np.maximum(moved, 0.0))
    closed = np.minimum(volume, np.maximum(-moved, 0.0))
    parts = (volume, opened, closed, np.where(known, 0.0, volume))
    price = premium / volume
    return OpeningFlow(
        *(float(part.sum()) for part in parts), *(float((part * price).sum()) for part in parts)
    )
