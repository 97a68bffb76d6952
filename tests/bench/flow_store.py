"""Batches of prints from the inbox to rows committed, against the staged COPY of the same rows already encoded."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from django.conf import settings

from flow import tasks, trades
from flow.batch import PrintBatch
from flow.checks import check
from flow.inbox import Inbox
from quant.contracts import format_ticker
from tests.bench.measure import Measured, seconds_of, staged_copy
from warehouse import bulk, clock, partitions
from warehouse.models import OptionsFlow
from warehouse.models.flow import TABLE
from warehouse.watchlist import add_default_symbols

SIZES = (500, 2_000, 10_000)
REPEATS = 7
CONTRACTS = 400
FEED = "bench"


def busy_batch(prints: int, start_ms: int, seed: int = 1) -> PrintBatch:
    """A burst of index options: many contracts, fresh quotes, all large enough to be stored."""
    rng = np.random.default_rng(seed)
    strikes = 6000.0 + 5.0 * np.arange(CONTRACTS)
    tickers = np.asarray(format_ticker("SPXW", "2027-12-17", True, strikes)).astype(np.bytes_)
    bid = np.round(rng.uniform(1, 80, prints), 1)
    times = start_ms + np.sort(rng.integers(0, 1000, prints))
    return PrintBatch(
        contract_ticker=tickers[rng.integers(0, CONTRACTS, prints)],
        timestamp_ms=times,
        sequence_number=np.arange(prints) + 51_234_567,
        price=np.round(bid + 0.1 * rng.integers(0, 3, prints), 1),
        size=rng.integers(10, 90, prints),
        exchange=rng.choice([302, 313, 316, 323, 325], prints).astype(np.int32),
        condition=rng.choice([209, 227, 219, 232], prints).astype(np.int32),
        conditions=np.full(prints, b""),
        bid=bid,
        ask=bid + 0.2,
        bid_size=rng.integers(1, 99, prints).astype(float),
        ask_size=rng.integers(1, 99, prints).astype(float),
        quote_age_ms=rng.integers(0, 900, prints).astype(float),
        underlying_price=np.full(prints, 6512.25),
        underlying_age_ms=rng.integers(0, 1000, prints).astype(float),
        average_size=np.full(prints, 23.4),
        received_at_ms=times + 40,
    )


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Milliseconds by stage of what runs inside the block."""
    spent: dict[str, float] = defaultdict(float)

    def timed(name: str, work: Any) -> Any:
        def run(*args: Any, **more: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*args, **more)
            finally:
                spent[name] += 1000 * (time.perf_counter() - started)

        return run

    with (
        patch.object(PrintBatch, "decode", timed("decode", PrintBatch.decode)),
        patch.object(trades, "check", timed("check", trades.check)),
        patch.object(trades, "classified", timed("classify", trades.classified)),
        patch.object(trades.store, "columns_of", timed("columns", trades.store.columns_of)),
        patch.object(bulk, "encode", timed("encode", bulk.encode)),
        patch.object(bulk, "load", timed("load", bulk.load)),
    ):
        yield spent


def measured_size(prints: int, day_ms: int) -> tuple[float, float, dict[str, float]]:
    """Best seconds of `store_trades` on one batch and of its staged COPY alone, taken in turn, and the stages."""
    inbox = Inbox(tasks.broker(settings.REDIS_URL), FEED)
    ours, ceiling, stages = [], [], {}
    for repeat in range(REPEATS):
        batch = busy_batch(prints, day_ms + 10_000 * repeat)
        batch_id = f"{FEED}:{clock.now_ms()}:{prints}-{repeat}"
        inbox.put(batch_id, batch.encode())
        with stopwatch() as spent:
            ours.append(seconds_of(lambda batch_id=batch_id: tasks.store_trades(batch_id)))
        stages[ours[-1]] = dict(spent)

        # The same rows at another time, so that none is a duplicate.
        later = dataclasses.replace(batch, timestamp_ms=batch.timestamp_ms + 5_000)
        checked = check(later, clock.now_ms())
        columns = trades.store.columns_of(checked, *trades.classified(checked), trades.underlyings(checked))
        encoded = bulk.encode(OptionsFlow, columns)
        ceiling.append(seconds_of(partial(staged_copy, OptionsFlow, encoded)))
    return min(ours), min(ceiling), stages[min(ours)]


def flow_store() -> Measured:
    """Prints per second through `store_trades` in one process; the ratio is that of batches of 2,000."""
    add_default_symbols(["SPX"])
    OptionsFlow.objects.all().delete()
    day_ms = clock.now_ms() - 3_600_000
    partitions.ensure(TABLE, day_ms, clock.now_ms())
    said, found = [], {}
    for prints in SIZES:
        ours, ceiling, stages = measured_size(prints, day_ms + prints * 60)
        found[prints] = (prints / ours, prints / ceiling)
        spent = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in stages.items())
        said.append(f"{prints:,}: {prints / ours:,.0f}/s, {ceiling / ours:.2f} ({spent} ms)")
    value, reference = found[2_000]
    return Measured(value, "prints/s", reference, value / reference, "; ".join(said))
