"""OPRA sale conditions of option trades, as the provider numbers them: 201 is OPRA's A, 227 its a.

Conditions of a batch are integers; a table of 256 bit sets is indexed with them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The documents also use two words as conditions. They are no OPRA codes, so they have ids outside those of OPRA's
# letters (201 to 252).
SWEEP_WORD = 253
MLTI_WORD = 254

CANCEL = frozenset({201, 203, 205, 207})
LATE = frozenset({202, 204, 206, 208})
INTERMARKET_SWEEP = frozenset({219, 228, 230})
MULTI_LEG = frozenset({232, 233, 234, 235, 236, 238, 239, 246})
STOCK_TIED = frozenset({237, 240, 241, 242, 243, 244, 245})
NOT_MARKET = frozenset({247})

_NAMES_FROM = {
    201: "CANC OSEQ CNCL LATE CNCO OPEN CNOL OPNL AUTO REOP",
    211: "AJST SPRD STDL STPD CSTP BWRT CMBO SPIM ISOI BNMT XMPT",
    227: "SLAN SLAI SLCN SLCI SLFT MLET MLAT MLCT MLFT MESL TLAT MASL MFSL",
    240: "TLET TLCT TLFT TESL TASL TFSL CBMO MCTP EXHT",
    SWEEP_WORD: "SWEEP MLTI",
}
MNEMONICS = {
    code: name for first, names in _NAMES_FROM.items() for code, name in enumerate(names.split(), first)
}
_IDS = {name: code for code, name in MNEMONICS.items()} | {"SCLI": 230}

IS_CANCEL = 1
IS_LATE = 2
IS_ISO = 4
IS_COMPLEX = 8
IS_NOT_MARKET = 16
IS_SWEEP_WORD = 32
IS_MLTI_WORD = 64


def _table() -> NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    members = {
        IS_CANCEL: CANCEL,
        IS_LATE: LATE,
        IS_ISO: INTERMARKET_SWEEP,
        IS_COMPLEX: MULTI_LEG | STOCK_TIED,
        IS_NOT_MARKET: NOT_MARKET,
        IS_SWEEP_WORD: {SWEEP_WORD},
        IS_MLTI_WORD: {MLTI_WORD},
    }
    for flag, codes in members.items():
        table[sorted(codes)] |= flag
    return table


_TABLE = _table()


def flags(conditions: ArrayLike) -> NDArray[np.uint8]:
    """Return the bit set of each trade, shape (n,), from condition ids of shape (n,) or (n, k).

    0 pads rows of fewer conditions. Ids without a meaning here set no bit.
    """
    ids = np.asarray(conditions, dtype=np.int64)
    bits = _TABLE[np.where((ids >= 0) & (ids < 256), ids, 0)]
    return bits if bits.ndim == 1 else np.bitwise_or.reduce(bits, axis=1)


def condition_ids(names: Iterable[str]) -> list[int]:
    """Return the ids of conditions given by mnemonic ('ISOI') or by the documents' words ('SWEEP', 'MLTI').

    Raises ValueError naming every unknown one.
    """
    names = list(names)
    unknown = [name for name in names if name not in _IDS]
    if unknown:
        raise ValueError(f"unknown trade conditions: {', '.join(unknown)}")
    return [_IDS[name] for name in names]
