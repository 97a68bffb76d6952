"""One row of the record of features with its contexts: what a pattern is evaluated on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

from signals.context import alignment, flow, gamma_exposure, iv_percentile, regime
from signals.context.context import number, text
from signals.features.missing import stale
from signals.features.record import Features


@dataclass(frozen=True)
class Moment:
    """A bar of a symbol. `active` is the direction of its newest ACTIVE signal, 1 or -1, None without one."""

    features: Features
    row: int
    active: int | None = None

    def number(self, feature: str) -> float | None:
        """Return the value of a feature, with a dot for columns of a context; None where it is missing or stale."""
        if self.features.missing[self.row] or self.is_stale(feature):
            return None
        return number(attrgetter(feature)(self.features), self.row)

    def text(self, feature: str) -> str | None:
        """Return the text of a feature, None where it is missing or stale."""
        if self.features.missing[self.row] or self.is_stale(feature):
            return None
        return text(attrgetter(feature)(self.features), self.row)

    def is_stale(self, feature: str) -> bool:
        """Return whether the source of a feature is too old, as detectors see it."""
        return bool(stale(self.features, feature)[self.row])

    @cached_property
    def gamma(self) -> gamma_exposure.GammaContext:
        return gamma_exposure.read(self.features, self.row)

    @cached_property
    def iv(self) -> iv_percentile.IvContext:
        return iv_percentile.read(self.features, self.row)

    @cached_property
    def flow(self) -> flow.FlowContext:
        return flow.read(self.features, self.row)

    @cached_property
    def regime(self) -> regime.RegimeContext:
        return regime.read(self.features, self.row)

    @cached_property
    def alignment(self) -> alignment.AlignmentContext:
        return alignment.read(self.features, self.row)
