"""The contexts of all engines at one bar."""

from __future__ import annotations

from dataclasses import dataclass

from signals.context import alignment, flow, gamma_exposure, iv_percentile, regime
from signals.features.record import Features


@dataclass(frozen=True, slots=True)
class Contexts:
    """One context of each engine."""

    iv: iv_percentile.IvContext
    gamma: gamma_exposure.GammaContext
    flow: flow.FlowContext
    regime: regime.RegimeContext
    alignment: alignment.AlignmentContext


def read(features: Features, row: int) -> Contexts:
    """Return the contexts of one row of the record."""
    return Contexts(
        iv=iv_percentile.read(features, row),
        gamma=gamma_exposure.read(features, row),
        flow=flow.read(features, row),
        regime=regime.read(features, row),
        alignment=alignment.read(features, row),
    )
