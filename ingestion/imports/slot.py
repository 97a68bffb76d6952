"""Import of one snapshot of a file, with the functions that compute and store a provider's chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType

import numpy as np
from django.db import transaction

from ingestion.chains.chain_columns import Checked
from ingestion.chains.compute import ComputedChain, NothingToStore, compute_chain
from ingestion.chains.gamma_exposure import MeasuredGamma, measure_gamma
from ingestion.chains.gamma_inputs import GammaPast, read_past
from ingestion.chains.pricing.inputs import pricing_inputs
from ingestion.chains.spot import Spot
from ingestion.chains.store import ChainToStore, insert_chains, summary
from ingestion.imports import cells
from ingestion.imports.units import to_warehouse_units
from quant import sessions
from quant.sessions import NEW_YORK
from warehouse import clock, partitions, runs
from warehouse.asof import chain as chain_reader
from warehouse.loading import known_at
from warehouse.models import GammaExposure, HistoricalGreeks, WatchlistEntry
from warehouse.models.enums import Source
from warehouse.task_names import RunTask

OUTSIDE_RETENTION = "outside retention"
NOT_YET = "later than the warehouse clock"
OCCUPIED = "the slot has rows that were not imported; they are kept"
NOTHING_ALIVE = "every contract has expired"
NOT_STORED = "dry run"
_TABLE = HistoricalGreeks._meta.db_table


class NoSlot(Exception):
    """A snapshot has no slot; the message says why."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result for one snapshot of one underlying.

    `done` is true if its rows are in the table, whether inserted now or earlier; `rows` counts those inserted
    now. `detail` is a remark, for example why nothing was stored.
    """

    symbol: str
    session: date
    slot: int
    contracts: int = 0  # rows of the file, including rows left out
    rows: int = 0
    done: bool = False
    rejected: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    gamma: MeasuredGamma | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


def slot_of(quote_date: str) -> datetime:
    """Return the slot of a date in a file: the session's close, or the last slot at or before the time in it.

    Raises NoSlot if the date is unreadable or not a session, or the time is before the open.
    """
    day, time = cells.date_and_time(quote_date)
    if day is None:
        raise NoSlot(f"{quote_date!r} is not a date")
    slots = sessions.slots(day)
    if not slots:
        raise NoSlot(f"{day} is not a session of the exchange")
    if time is None:
        return slots[-1]
    stamp = datetime.combine(day, time, NEW_YORK)
    earlier = [slot for slot in slots if slot <= stamp]
    if not earlier:
        raise NoSlot(f"{quote_date} is before the session's open")
    return earlier[-1]


def import_slot(
    entry: WatchlistEntry,
    slot_at: datetime,
    checked: Checked,
    spot: Spot | None,
    now_ms: int,
    units: Mapping[str, str] = MappingProxyType({}),
    dry_run: bool = False,
) -> ImportResult:
    """Compute and store a chain with source 'import'. Importing it again changes nothing.

    Greeks rows, gamma snapshot and DONE are one commit. A slot with live or backfilled rows is left alone. If the
    file has no open interest at all, gamma is weighted by volume and marked so. `units` are those found in
    earlier snapshots of the file.
    """
    symbol, slot = str(entry.symbol), clock.epoch_ms(slot_at)
    result = ImportResult(
        symbol,
        sessions.new_york_date(slot_at),
        slot,
        contracts=len(checked.columns) + checked.rejected.total(),
        rejected=checked.rejected,
        refused=checked.refused,
        units=units,
    )
    if slot > now_ms or not partitions.inside(_TABLE, np.array([slot]), now_ms).all():
        return replace(result, detail=NOT_YET if slot > now_ms else OUTSIDE_RETENTION)
    if dry_run:
        return _computed(entry, result, checked, spot, slot_at, GammaPast())[0]
    with runs.claim(RunTask.IMPORT_CHAIN, symbol, slot) as run:
        if isinstance(run, runs.Refusal):
            return replace(result, done=run is runs.Refusal.DONE, detail=str(run))
        if _has_other_rows(symbol, slot):
            runs.fail(run, OCCUPIED)
            return replace(result, detail=OCCUPIED)
        result, chain = _computed(entry, result, checked, spot, slot_at, read_past(symbol, slot))
        if chain is None or result.gamma is None:
            runs.fail(run, result.detail, rejected=result.rejected)
            return result
        return replace(result, rows=_store(run, entry, chain, result, now_ms), done=True, detail="")


def _computed(
    entry: WatchlistEntry,
    result: ImportResult,
    checked: Checked,
    spot: Spot | None,
    slot_at: datetime,
    past: GammaPast,
) -> tuple[ImportResult, ComputedChain | None]:
    # The curve of the same slot included, where a file of SPX was imported before: both are known at the same time.
    inputs = pricing_inputs(entry, slot_at, known_at.of_chain(clock.epoch_ms(slot_at)))
    converted = to_warehouse_units(checked, spot, slot_at, result.units, inputs)
    try:
        chain = compute_chain(converted.checked, spot, slot_at, 0, inputs)
    except NothingToStore:
        expired = Counter(expired=len(checked.columns)) if len(checked.columns) else Counter[str]()
        return replace(result, rejected=checked.rejected + expired, detail=NOTHING_ALIVE), None
    return replace(
        result,
        rejected=chain.rejected,
        refused=chain.refused,
        gamma=measure_gamma(chain, past),
        units=converted.units,
        detail=NOT_STORED,
    ), chain


def _store(
    run: runs.Run, entry: WatchlistEntry, chain: ComputedChain, result: ImportResult, now_ms: int
) -> int:
    gamma = result.gamma
    if gamma is None:
        raise ValueError("a chain must be stored with its gamma snapshot")
    partitions.ensure(_TABLE, run.slot, run.slot)
    with transaction.atomic():
        rows = insert_chains(run.slot, [ChainToStore(entry, chain, lambda: gamma, now_ms, Source.IMPORT)])
        runs.finish(
            run,
            contracts=result.contracts,
            rows=rows,
            rejected=chain.rejected,
            result=summary(chain, gamma) | {"units": dict(result.units)},
        )
    return rows


def _has_other_rows(symbol: str, slot: int) -> bool:
    """Return whether the slot has rows that were not imported."""
    stored = chain_reader.sources(symbol, slot)
    if stored:
        return stored != {Source.IMPORT.value}
    return GammaExposure.objects.filter(symbol=symbol, timestamp=slot).exists()
