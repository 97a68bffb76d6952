"""Small operations on arrays."""

from __future__ import annotations

import numpy as np

from quant.chain import Floats


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return part over whole, of one shape, NaN where the whole is not positive or one of both is NaN."""
    result = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
