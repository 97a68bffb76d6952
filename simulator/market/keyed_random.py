"""Random numbers that are a function of their names, so that a response never depends on earlier requests.

A sequence of numbers is named by (seed, quantity, symbol, date). Whole arrays come from a generator seeded by that
name. Numbers of single contracts are hashes of the contract's key, so that a contract has the same number in every
list.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.market.days import Days

Floats: TypeAlias = NDArray[np.float64]
Keys: TypeAlias = NDArray[np.uint64]

_MASK = (1 << 64) - 1


def seed_of(*name: object) -> int:
    """Return the 64-bit seed of a name. The parts are converted to text."""
    text = "\x1f".join(str(part) for part in name)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(*name: object) -> np.random.Generator:
    """Return a random generator for one name."""
    return np.random.Generator(np.random.PCG64(seed_of(*name)))


def scramble(keys: Keys, *name: object) -> Keys:
    """Return keys of the same shape, independent per name: the finalizer of splitmix64 (Steele, Lea, Flood 2014).

    A name that ends in `Days` is a different name for each row.
    """
    mixed = keys + _seeds(name)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _seeds(name: tuple[object, ...]) -> Keys | np.uint64:
    if name and isinstance(days := name[-1], Days):
        return _seeds_by_day(name[:-1], days.sessions)[days.of]
    return np.uint64(seed_of(*name) & _MASK)


@lru_cache(maxsize=256)
def _seeds_by_day(what: tuple[object, ...], sessions: tuple[object, ...]) -> Keys:
    return np.array([seed_of(*what, day) for day in sessions], dtype=np.uint64)


def uniforms(keys: Keys, *name: object) -> Floats:
    """Return uniform numbers in the open interval (0, 1), one per key."""
    return ((scramble(keys, *name) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(keys: Keys, *name: object) -> Floats:
    """Return standard normal numbers, one per key."""
    return np.asarray(ndtri(uniforms(keys, *name)), dtype=np.float64)


def pair(keys: Keys, numbers: NDArray[np.integer]) -> Keys:
    """Return a key for each (key, number), for example one per contract and minute. Broadcasts."""
    return scramble(keys ^ (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)), "pair")
