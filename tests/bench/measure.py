"""How a benchmark states what it measured."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """`ratio` compares `value` with `reference`, both in `unit`, so that 1 is par and more is better."""

    value: float
    unit: str
    reference: float
    ratio: float
    says: str


def best_seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """The fastest of `repeats` runs: noise on a shared machine only ever adds time."""
    seconds = []
    for _ in range(repeats):
        gc.collect()
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
