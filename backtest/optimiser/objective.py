"""What the optimiser maximises: the win rate or another number of the chosen firings, under hard constraints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from backtest.optimiser.candidates import Candidates
from backtest.optimiser.choice import Prepared, chosen, prepare
from backtest.optimiser.layout import Layout
from quant.chain import Floats

SUMS = ("signals", "outcomes", "won", "r", "square", "gain", "reward")
CELLS_AT_ONCE = 15_000  # genomes times firings, so that the arrays stay in the cache of the processor
Metric = Literal["win_rate", "expectancy", "profit_factor", "sqn"]


@dataclass(frozen=True, slots=True)
class Constraints:
    """Limits that a genome must keep: signals a session over all symbols, mean target over risk, outcomes."""

    least_signals: float = 5.0
    most_signals: float = 20.0
    least_reward: float = 1.5
    least_outcomes: int = 100


@dataclass(frozen=True, slots=True)
class Measured:
    """Numbers of the firings that each genome chooses, shape (p,); a mean of nothing is 0.

    `signals` are per session, `reward` is the mean of target over risk, `expectancy` the mean of R.
    """

    signals: Floats
    outcomes: Floats
    win_rate: Floats
    expectancy: Floats
    reward: Floats
    profit_factor: Floats
    sqn: Floats


@dataclass(frozen=True, slots=True)
class Objective:
    """Value and violation of genomes on the firings of a number of sessions.

    With the metric `win_rate` the value is the win rate up to `target`; above it the expectancy decides, so that a
    target near the entry, which is hit often and pays little, gains nothing.
    """

    prepared: Prepared
    added: Floats  # what each firing adds to each sum, shape (v, sums, n)
    layout: Layout
    sessions: int
    constraints: Constraints
    metric: Metric = "win_rate"
    target: float = 0.65

    def __call__(self, genomes: Floats) -> tuple[Floats, Floats]:
        """Return values, to be maximised, and violations of genomes, from shape (p, d) to two of shape (p,)."""
        found = self.measure(genomes)
        return self._values(found), self._violations(found)

    def measure(self, genomes: Floats) -> Measured:
        """Return the numbers of the firings that genomes choose, from shape (p, d)."""
        step = max(1, CELLS_AT_ONCE // max(len(self.prepared.candidates), 1))
        parts = [self._sums(genomes[at : at + step]) for at in range(0, len(genomes), step)]
        sums = dict(zip(SUMS, np.concatenate(parts).T, strict=True))
        count, signals = np.maximum(sums["outcomes"], 1), sums["signals"]
        mean = sums["r"] / count
        variance = np.maximum(sums["square"] / count - mean**2, 0.0) * count / np.maximum(count - 1, 1)
        spread = np.sqrt(variance)
        return Measured(
            signals=signals / max(self.sessions, 1),
            outcomes=sums["outcomes"],
            win_rate=sums["won"] / count,
            expectancy=mean,
            reward=sums["reward"] / np.maximum(signals, 1),
            profit_factor=sums["gain"] / np.maximum(sums["gain"] - sums["r"], _SMALL),
            sqn=np.sqrt(count) * mean / np.maximum(spread, _SMALL),
        )

    def _sums(self, genomes: Floats) -> Floats:
        """Return the sums of the firings that each genome chooses, in the order of SUMS, shape (p, sums)."""
        genes = self.layout.parts(genomes)
        taken = chosen(self.prepared, genes).astype(float)
        found = np.zeros((len(genomes), len(SUMS)))
        for variant in range(len(self.added)):
            rows = genes.exits == variant
            # Not a matrix product, whose last digits may depend on the number of threads.
            found[rows] = np.einsum("pn,kn->pk", taken[rows], self.added[variant])
        return found

    def _values(self, found: Measured) -> Floats:
        if self.metric != "win_rate":
            value: Floats = getattr(found, self.metric)
            return value
        # Between -1 and 1 in the order of the expectancy, so that every value above the target is above those below.
        better = found.expectancy / (1 + np.abs(found.expectancy))
        return np.where(found.win_rate < self.target, found.win_rate, self.target + 1 + better)

    def _violations(self, found: Measured) -> Floats:
        limits = self.constraints
        parts = (
            1 - found.signals / limits.least_signals,
            found.signals / limits.most_signals - 1,
            1 - found.reward / limits.least_reward,
            1 - found.outcomes / limits.least_outcomes,
        )
        total: Floats = np.sum([np.where(part > _SMALL, part, 0.0) for part in parts], axis=0)
        return total


_SMALL = 1e-9


def objective(
    candidates: Candidates,
    layout: Layout,
    sessions: int,
    constraints: Constraints | None = None,
    metric: Metric = "win_rate",
    target: float = 0.65,
) -> Objective:
    """Return the objective on firings of a number of sessions."""
    return Objective(
        prepare(candidates),
        _added(candidates),
        layout,
        sessions,
        constraints or Constraints(),
        metric,
        target,
    )


def _added(candidates: Candidates) -> Floats:
    known = ~np.isnan(candidates.r)
    r = np.where(known, candidates.r, 0.0)
    every = np.ones_like(r)
    columns = (every, known, r > 0, r, r**2, np.maximum(r, 0.0), np.nan_to_num(candidates.reward))
    return np.stack(columns, axis=1).astype(float)
