"""One snapshot of a file into the warehouse: what the live way does with a provider's chain."""

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
from ingestion.chains.gamma_exposure import gamma_of_chain
from ingestion.chains.spot import Spot
from ingestion.chains.store import band_of, gamma_row, greeks_rows, summary
from ingestion.imports import cells
from ingestion.imports.units import to_warehouse_units
from quant import sessions
from quant.gamma.exposure import GammaSnapshot
from quant.sessions import NEW_YORK
from warehouse import clock, partitions, queries, runs
from warehouse.loading import bulk
from warehouse.models import GammaExposure, HistoricalGreeks, WatchlistEntry
from warehouse.models.enums import OpenInterestSource, Source
from warehouse.task_names import RunTask

OUTSIDE_RETENTION = "outside retention"
NOT_YET = "later than the market's clock"
TAKEN = "the slot has rows that were not imported; they stay"
NOTHING_LIVES = "no living contract"
NOT_STORED = "dry run"
_TABLE = HistoricalGreeks._meta.db_table


class NoSlot(Exception):
    """The snapshot's date or time belongs to no slot; the message says why."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What one snapshot of one underlying came to. `done` is true where its rows are in the table, from now or from
    before (`rows` are those inserted now); `detail` says what there is to say."""

    symbol: str
    session: date
    slot: int
    contracts: int = 0  # rows of the file, those left out included
    rows: int = 0
    done: bool = False
    rejected: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    gamma: GammaSnapshot | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


def slot_of(quote_date: str) -> datetime:
    """The slot of a file's date: the session's close, or the last slot at or before the time written with it.

    Raises NoSlot where the date cannot be read, is no session, or the time is before its open.
    """
    day, at = cells.moment(quote_date)
    if day is None:
        raise NoSlot(f"{quote_date!r} is no date")
    slots = sessions.slots(day)
    if not slots:
        raise NoSlot(f"{day} is no session of the exchange")
    if at is None:
        return slots[-1]
    stamp = datetime.combine(day, at, NEW_YORK)
    before = [slot for slot in slots if slot <= stamp]
    if not before:
        raise NoSlot(f"{quote_date} is before the session's open")
    return before[-1]


def import_slot(
    entry: WatchlistEntry,
    at: datetime,
    checked: Checked,
    spot: Spot | None,
    now_ms: int,
    units: Mapping[str, str] = MappingProxyType({}),
    dry_run: bool = False,
) -> ImportResult:
    """Computes and stores a chain; rows say source 'import'. ChainImport it again changes nothing.

    Greeks rows, gamma snapshot and DONE are one commit. Rows of a live run, or rebuilt ones, are never mixed with or
    overwritten. Where the file has no open interest at all, gamma is weighed by volume and says so. `units` are
    those the file's earlier snapshots have told.
    """
    symbol, slot = str(entry.symbol), clock.epoch_ms(at)
    told = ImportResult(
        symbol,
        sessions.new_york_date(at),
        slot,
        contracts=len(checked.columns) + checked.rejected.total(),
        rejected=checked.rejected,
        refused=checked.refused,
        units=units,
    )
    if slot > now_ms or not partitions.inside(_TABLE, np.array([slot]), now_ms).all():
        return replace(told, detail=NOT_YET if slot > now_ms else OUTSIDE_RETENTION)
    if dry_run:
        return _computed(told, checked, spot, at, None)[0]
    with runs.claim(RunTask.IMPORT_CHAIN, symbol, slot) as run:
        if isinstance(run, runs.Refusal):
            return replace(told, done=run is runs.Refusal.DONE, detail=str(run))
        if _others(symbol, slot):
            runs.fail(run, TAKEN)
            return replace(told, detail=TAKEN)
        told, chain = _computed(told, checked, spot, at, queries.median_gross_gamma(symbol, slot))
        if chain is None or told.gamma is None:
            runs.fail(run, told.detail, rejected=told.rejected)
            return told
        return replace(told, rows=_store(run, entry, chain, told, now_ms), done=True, detail="")


def _computed(
    told: ImportResult, checked: Checked, spot: Spot | None, at: datetime, median_gross: float | None
) -> tuple[ImportResult, ComputedChain | None]:
    units = to_warehouse_units(checked, spot, at, told.units)
    try:
        chain = compute_chain(units.checked, spot, at, delay_ms=0)
    except NothingToStore:
        expired = Counter(expired=len(checked.columns)) if len(checked.columns) else Counter[str]()
        return replace(told, rejected=checked.rejected + expired, detail=NOTHING_LIVES), None
    gamma = gamma_of_chain(_weighed(chain), median_gross)
    return replace(
        told, rejected=chain.rejected, refused=chain.refused, gamma=gamma, units=units.said, detail=NOT_STORED
    ), chain


def _store(
    run: runs.Run, entry: WatchlistEntry, chain: ComputedChain, told: ImportResult, now_ms: int
) -> int:
    partitions.ensure(_TABLE, run.slot, run.slot)
    columns = greeks_rows(run.symbol, chain, band_of(entry, chain), now_ms, Source.IMPORT)
    weight = OpenInterestSource.VOLUME_PROXY if _no_interest(chain) else OpenInterestSource.PROVIDER
    gamma = told.gamma
    if gamma is None:
        raise ValueError("a chain is stored with its gamma")
    with transaction.atomic():
        rows = bulk.insert_rows(HistoricalGreeks, columns)
        # The ledger forgets after 90 days, the rows stay for a year: what was imported before is there already.
        if not GammaExposure.objects.filter(symbol=run.symbol, timestamp=run.slot).exists():
            gamma_row(run.symbol, run.slot, gamma, weight).save(force_insert=True)
        runs.finish(
            run,
            contracts=told.contracts,
            rows=rows,
            rejected=chain.rejected,
            result=summary(chain, gamma) | {"units": dict(told.units)},
        )
    return rows


def _others(symbol: str, slot: int) -> bool:
    """Whether the slot holds rows that came another way."""
    stored = HistoricalGreeks.objects.filter(symbol=symbol, timestamp=slot)
    if stored.exists():
        return stored.exclude(source=Source.IMPORT).exists()
    return GammaExposure.objects.filter(symbol=symbol, timestamp=slot).exists()


def _no_interest(chain: ComputedChain) -> bool:
    return bool(np.isnan(chain.columns.open_interest).all())


def _weighed(chain: ComputedChain) -> ComputedChain:
    """The chain with volume for open interest where the file has none."""
    if not _no_interest(chain):
        return chain
    return replace(chain, columns=replace(chain.columns, open_interest=chain.columns.volume))
