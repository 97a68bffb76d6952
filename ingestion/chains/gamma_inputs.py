"""Inputs of a gamma snapshot that no row of historical_greeks has. They are stored on the snapshot's own row.

Snapshots stored before these columns existed have them in the result of their run, which the ledger keeps 90 days,
as long as the snapshots. Such rows, and `_of_run` with them, are gone 90 days after the upgrade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.chains.compute import ComputedChain
from warehouse.asof.gamma import median_gross_gamma
from warehouse.asof.vix import newest_vix
from warehouse.models import GammaExposure, IngestionRun
from warehouse.models.enums import OpenInterestSource
from warehouse.task_names import RunTask

INPUT_COLUMNS = (
    "measured_contracts",
    "spot_source",
    "median_gross_gamma",
    "vix_level",
    "data_delay_ms",
    "multipliers",
)


class InputsGone(Exception):
    """The inputs of a snapshot are stored nowhere."""


@dataclass(frozen=True, slots=True)
class GammaPast:
    """What a snapshot is compared with, None where it is unknown.

    `median_gross` is the median gross gamma of the last 20 sessions in dollars per 1 % move, `vix` the newest VIX
    known at the slot in index points.
    """

    median_gross: float | None = None
    vix: float | None = None


def read_past(symbol: str, slot_ms: int) -> GammaPast:
    """Return what was known of the past at a slot (epoch ms)."""
    return GammaPast(median_gross_gamma(symbol, slot_ms), newest_vix(slot_ms))


@dataclass(frozen=True, slots=True)
class GammaInputs:
    """Inputs of one snapshot.

    `contracts` of the chain it was computed from; `multipliers` other than 100 by contract ticker, in shares per
    contract, for rows that were stored before rows had their own.
    """

    contracts: int
    spot_source: str
    past: GammaPast
    data_delay_ms: int
    multipliers: Mapping[str, float]


def input_columns(
    chain: ComputedChain, oi_source: OpenInterestSource, past: GammaPast, delay_ms: int = 0
) -> dict[str, Any]:
    """Return the columns `INPUT_COLUMNS` of gamma_exposure_snapshots for a chain whose gamma was computed."""
    return {
        "measured_contracts": len(chain.columns),
        "spot_source": chain.spot.source,
        "median_gross_gamma": past.median_gross if oi_source == OpenInterestSource.PROVIDER else None,
        "vix_level": past.vix,
        "data_delay_ms": delay_ms,
        "multipliers": None,  # every row of historical_greeks has its own
    }


def inputs_of(snapshot: GammaExposure) -> GammaInputs:
    """Return the inputs of a stored snapshot. Raises InputsGone."""
    if snapshot.measured_contracts is None:
        return _of_run(str(snapshot.symbol), int(snapshot.timestamp))
    return GammaInputs(
        contracts=snapshot.measured_contracts,
        spot_source=str(snapshot.spot_source),
        past=GammaPast(snapshot.median_gross_gamma, snapshot.vix_level),
        data_delay_ms=snapshot.data_delay_ms or 0,
        multipliers=snapshot.multipliers or {},
    )


def _of_run(symbol: str, slot_ms: int) -> GammaInputs:
    run = IngestionRun.objects.filter(task=RunTask.INGEST_CHAIN, symbol=symbol, slot=slot_ms).first()
    if run is None:
        raise InputsGone("it was stored without its inputs, and the ledger's run, kept 90 days, is gone")
    result = run.result or {}
    return GammaInputs(
        contracts=(run.contracts or 0) - sum((run.rejected or {}).values()),
        spot_source=result.get("spot_source", "none"),
        past=GammaPast(
            result["median_gross_gamma"]
            if "median_gross_gamma" in result
            else median_gross_gamma(symbol, slot_ms)
        ),
        data_delay_ms=run.data_delay_ms or 0,
        multipliers=result.get("multipliers", {}),
    )
