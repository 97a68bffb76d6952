"""Names of option exchanges and trade conditions as stored in the table: 302 is CBOE, 219 is ISOI.

The provider numbers participants 300 + the position of OPRA's letter in the alphabet. Old trades have the letter's
ASCII code instead. Each id has exactly one name, so comparing names is the same as comparing ids.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.trades.conditions import MNEMONICS, condition_ids

FIRST = 300

EXCHANGES = {
    300: "AMEX",
    301: "BOX",
    302: "CBOE",
    303: "EMERALD",
    304: "EDGX",
    307: "GEMX",
    308: "ISE",
    309: "MRX",
    312: "MIAX",
    313: "ARCA",
    314: "OPRA",
    315: "PEARL",
    316: "NOM",
    318: "SAPPHIRE",
    319: "NASDAQBX",
    320: "MEMX",
    322: "C2",
    323: "PHLX",
    325: "BZX",
}


def exchange_ids(codes: ArrayLike) -> NDArray[np.int64]:
    """Return participant ids of shape (n,), converting the ASCII codes of old trades (65 to 90)."""
    ids = np.asarray(codes, dtype=np.int64)
    return np.where((ids >= ord("A")) & (ids <= ord("Z")), ids - ord("A") + FIRST, ids)


def exchange_names(ids: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return names of shape (n,): the id as text where it has no name, '' for 0."""
    distinct, member = np.unique(ids, return_inverse=True)
    names = [EXCHANGES.get(number, str(number)) if number else "" for number in distinct.tolist()]
    return np.array(names, dtype=np.str_)[member]


def condition_names(ids: list[int]) -> list[str]:
    """Return the mnemonics of one trade's conditions in order, the id as text where it has none."""
    return [MNEMONICS.get(number, str(number)) for number in ids if number]


def condition_table(names: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return the ids of the conditions of rows, the inverse of `condition_names`: shape (n, k), 0 pads."""
    table = np.zeros((len(names), max((len(listed) for listed in names), default=0) or 1), dtype=np.int64)
    for row, listed in zip(table, names, strict=True):
        row[: len(listed)] = [int(name) if name.isdigit() else condition_ids([name])[0] for name in listed]
    return table
