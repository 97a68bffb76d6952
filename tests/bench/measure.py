"""Results of benchmarks, and timing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import models, transaction

from warehouse.loading import bulk


@dataclass(frozen=True, slots=True)
class Measured:
    """Result of a benchmark: `ratio` compares `value` with `reference`, both in `unit`; more is better, 1 is equal."""

    value: float
    unit: str
    reference: float
    ratio: float
    details: str


def seconds_of(function: Callable[[], object]) -> float:
    """Return the wall time of one call. Use the best of several, because noise on a shared machine only adds time."""
    gc.collect()
    return _seconds(function)


def best_ms(function: Callable[[], object], repeats: int = 10) -> float:
    """Return the milliseconds of the fastest of several calls.

    Garbage is collected once before all of them: to do so empties the caches of the processor, which costs a function
    of a few milliseconds a larger share than the reference that it is compared with.
    """
    gc.collect()
    return 1000 * min(_seconds(function) for _ in range(repeats))


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def staged_copy(model: type[models.Model], encoded: bulk.Encoded) -> None:
    """Store rows as the reference of benchmarks: COPY to a temporary table, INSERT ... ON CONFLICT DO NOTHING, COMMIT.

    The reference stays the same when the warehouse stores its rows in another way.
    """
    with transaction.atomic():
        bulk.load(model, encoded, likely_new=False)
