"""Storing batches of trades, from the inbox to committed rows, compared with the staged COPY of encoded rows."""

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

from flow import tasks
from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.storing import process_trades
from flow.storing.checks import check
from quant.contracts import format_ticker
from tests.bench.measure import Measured, seconds_of, staged_copy
from warehouse import clock, partitions
from warehouse.loading import bulk
from warehouse.models import OptionsFlow
from warehouse.models.flow import TABLE
from warehouse.watchlist import add_default_symbols

SIZES = (500, 2_000, 10_000)
REPEATS = 7
CONTRACTS = 400
FEED = "bench"


def busy_batch(trades: int, start_ms: int, seed: int = 1) -> TradeBatch:
    """Return trades of index options in many contracts, with fresh quotes and sizes that are all stored."""
    rng = np.random.default_rng(seed)
    strikes = 6000.0 + 5.0 * np.arange(CONTRACTS)
    tickers = np.asarray(format_ticker("SPXW", "2027-12-17", True, strikes)).astype(np.bytes_)
    bid = np.round(rng.uniform(1, 80, trades), 1)
    times = start_ms + np.sort(rng.integers(0, 1000, trades))
    return TradeBatch(
        contract_ticker=tickers[rng.integers(0, CONTRACTS, trades)],
        timestamp_ms=times,
        sequence_number=np.arange(trades) + 51_234_567,
        price=np.round(bid + 0.1 * rng.integers(0, 3, trades), 1),
        size=rng.integers(10, 90, trades),
        exchange=rng.choice([302, 313, 316, 323, 325], trades).astype(np.int32),
        condition=rng.choice([209, 227, 219, 232], trades).astype(np.int32),
        conditions=np.full(trades, b""),
        bid=bid,
        ask=bid + 0.2,
        bid_size=rng.integers(1, 99, trades).astype(float),
        ask_size=rng.integers(1, 99, trades).astype(float),
        quote_age_ms=rng.integers(0, 900, trades).astype(float),
        underlying_price=np.full(trades, 6512.25),
        underlying_age_ms=rng.integers(0, 1000, trades).astype(float),
        average_size=np.full(trades, 23.4),
        received_at_ms=times + 40,
    )


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Yield the milliseconds by stage of the calls inside the block."""
    spent: dict[str, float] = defaultdict(float)

    def timed(name: str, function: Any) -> Any:
        def run(*args: Any, **more: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **more)
            finally:
                spent[name] += 1000 * (time.perf_counter() - started)

        return run

    with (
        patch.object(TradeBatch, "decode", timed("decode", TradeBatch.decode)),
        patch.object(process_trades, "check", timed("check", process_trades.check)),
        patch.object(process_trades, "classified", timed("classify", process_trades.classified)),
        patch.object(process_trades.store, "columns_of", timed("columns", process_trades.store.columns_of)),
        patch.object(bulk, "encode", timed("encode", bulk.encode)),
        patch.object(bulk, "load", timed("load", bulk.load)),
    ):
        yield spent


def measured_size(trades: int, day_ms: int) -> tuple[float, float, dict[str, float]]:
    """Return the best seconds of `store_trades` and of the staged COPY alone, alternating, and those by stage."""
    inbox = Inbox(tasks.broker(settings.REDIS_URL), FEED)
    complete, ceiling, stages = [], [], {}
    for repeat in range(REPEATS):
        batch = busy_batch(trades, day_ms + 10_000 * repeat)
        batch_id = f"{FEED}:{clock.now_ms()}:{trades}-{repeat}"
        inbox.put(batch_id, batch.encode())
        with stopwatch() as spent:
            complete.append(seconds_of(lambda batch_id=batch_id: tasks.store_trades(batch_id)))
        stages[complete[-1]] = dict(spent)

        # The same rows at another time, so that no row is a duplicate.
        later = dataclasses.replace(batch, timestamp_ms=batch.timestamp_ms + 5_000)
        checked = check(later, clock.now_ms())
        columns = process_trades.store.columns_of(
            checked,
            *process_trades.classified(checked),
            process_trades.underlyings(checked),
            settings.FLOW_QUOTE_PREMIUM,
        )
        encoded = bulk.encode(OptionsFlow, columns)
        ceiling.append(seconds_of(partial(staged_copy, OptionsFlow, encoded)))
    return min(complete), min(ceiling), stages[min(complete)]


def flow_store() -> Measured:
    """Return the trades a second of `store_trades` in one process; the ratio is for batches of 2,000."""
    add_default_symbols(["SPX"])
    OptionsFlow.objects.all().delete()
    day_ms = clock.now_ms() - 3_600_000
    partitions.ensure(TABLE, day_ms, clock.now_ms())
    details, results = [], {}
    for trades in SIZES:
        complete, ceiling, stages = measured_size(trades, day_ms + trades * 60)
        results[trades] = (trades / complete, trades / ceiling)
        spent = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in stages.items())
        details.append(f"{trades:,}: {trades / complete:,.0f}/s, {ceiling / complete:.2f} ({spent} ms)")
    value, reference = results[2_000]
    return Measured(value, "trades/s", reference, value / reference, "; ".join(details))
