"""How a benchmark states what it measured."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import models, transaction

from warehouse.loading import bulk


@dataclass(frozen=True, slots=True)
class Measured:
    """`ratio` compares `value` with `reference`, both in `unit`, so that 1 is par and more is better."""

    value: float
    unit: str
    reference: float
    ratio: float
    says: str


def seconds_of(work: Callable[[], object]) -> float:
    """Wall time of one run. Take the best of several: noise on a shared machine only ever adds time."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def best_ms(work: Callable[[], object], repeats: int = 10) -> float:
    """Milliseconds of the best of several runs."""
    return 1000 * min(seconds_of(work) for _ in range(repeats))


def staged_copy(model: type[models.Model], encoded: bulk.Encoded) -> None:
    """The reference of what stores rows: COPY to a temporary table, INSERT ... ON CONFLICT DO NOTHING, COMMIT, and
    nothing before. It stays that plain statement however the warehouse comes to the same rows.
    """
    with transaction.atomic():
        bulk.load(model, encoded, likely_new=False)
