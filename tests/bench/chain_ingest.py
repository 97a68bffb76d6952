"""Ingestion of one SPX chain, from JSON pages in memory to committed rows, compared with loading encoded rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx

from ingestion.chains.chain_columns import check_chain
from ingestion.chains.chain_rows import band_of, greeks_rows
from ingestion.chains.compute import compute_chain
from ingestion.chains.ingest import Stopwatch, store_chain
from ingestion.chains.pricing.inputs import pricing_inputs
from ingestion.chains.spot import spot_in_chain
from provider.pagination import chain_of
from quant import sessions
from quant.sessions import new_york_date
from tests.bench.measure import Measured, seconds_of, staged_copy
from warehouse import clock, partitions, queries, runs
from warehouse.loading import bulk
from warehouse.models import HistoricalGreeks
from warehouse.task_names import RunTask
from warehouse.watchlist import add_default_symbols

REPEATS = 5
CEILING_SLOTS_LATER_MS = 1000  # another time, so that no row is a duplicate


@contextmanager
def simulator(clock_offset_ms: int) -> Iterator[str]:
    """Run a simulated provider and yield its base URL."""
    command = [sys.executable, "-m", "simulator", "--port", "0", "--clock-offset-ms", str(clock_offset_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["base_url"]
        finally:
            process.terminate()


def pages_of_spx(at: datetime) -> list[bytes]:
    """Return the bodies of all pages of the SPX chain at a market time."""
    offset_ms = round((at - datetime.now(UTC)).total_seconds() * 1000)
    bodies = []
    with simulator(offset_ms) as base_url, httpx.Client(headers={"Authorization": "Bearer bench"}) as client:
        url: str | None = f"{base_url}/v3/snapshot/options/I:SPX?limit=250"
        while url:
            bodies.append(client.get(url, timeout=30).raise_for_status().content)
            url = json.loads(bodies[-1]).get("next_url")
    return bodies


def chain_ingest() -> Measured:
    """Return the rows a second from page bodies to commit, and of the staged COPY alone; best of five, alternating."""
    session = sessions.previous_session(new_york_date(datetime.now(UTC)))
    slot_at = sessions.slots(session)[5]
    bodies = pages_of_spx(slot_at)
    add_default_symbols(["SPX"])
    HistoricalGreeks.objects.all().delete()
    entry = queries.watchlist_entry("SPX")
    slot_ms = clock.epoch_ms(slot_at)
    inputs = pricing_inputs(entry, slot_at, slot_ms)
    partitions.ensure("historical_greeks", slot_ms, slot_ms)

    complete, ceiling, stages = [], [], {}
    for repeat in range(REPEATS):
        at = slot_at + timedelta(milliseconds=repeat)
        watch = Stopwatch()

        def ingest(at: datetime = at, watch: Stopwatch = watch) -> None:
            with runs.claim(RunTask.INGEST_CHAIN, f"bench-{clock.now_ms()}", clock.epoch_ms(at)) as run:
                assert isinstance(run, runs.Run)
                with watch.stage("decode"):
                    pages = chain_of(bodies, clock.now_ms())
                with watch.stage("check"):
                    checked = check_chain(pages.rows, entry.roots, session)
                with watch.stage("compute"):
                    chain = compute_chain(checked, spot_in_chain(pages.rows), at, 0, inputs)
                store_chain(run, entry, chain, pages, 0, watch)

        complete.append(seconds_of(ingest))
        stages[complete[-1]] = watch.milliseconds
        pages = chain_of(bodies, clock.now_ms())
        later = at + timedelta(milliseconds=CEILING_SLOTS_LATER_MS)
        chain = compute_chain(
            check_chain(pages.rows, entry.roots, session), spot_in_chain(pages.rows), later, 0, inputs
        )
        encoded = bulk.encode(
            HistoricalGreeks, greeks_rows("bench", chain, band_of(entry, chain), clock.now_ms())
        )
        ceiling.append(seconds_of(partial(staged_copy, HistoricalGreeks, encoded)))
    rows, best = len(chain.columns), min(complete)
    spent = ", ".join(f"{stage} {milliseconds:.0f}" for stage, milliseconds in stages[best].items())
    return Measured(
        value=rows / best,
        unit="rows/s",
        reference=rows / min(ceiling),
        ratio=min(ceiling) / best,
        details=f"{rows:,} contracts in {best * 1000:.0f} ms ({spent} ms), "
        f"staged COPY alone {min(ceiling) * 1000:.0f} ms",
    )
