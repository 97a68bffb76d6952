"""Genomes that were ever tried on one set of stored data, with their Sharpe ratios.

The best ratio that is expected from luck alone depends on the number of genomes and on the variance of their ratios.
The variance of the last generation would be too small: its genomes are nearly equal, so that the best of them would
always seem better than luck.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from backtest.optimiser.choice import Prepared, prepare
from backtest.optimiser.validation import Problem, session_returns
from backtest.report.returns import Dates, sharpe
from quant.chain import Floats
from warehouse.models import TriedGenome


@dataclass
class Trials:
    """The trials on the stored data named `fingerprint`, whose `sessions`, shape (d,), have data of `problem`."""

    fingerprint: str
    problem: Problem
    sessions: Dates
    _prepared: Prepared = field(init=False)
    _seen: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._prepared = prepare(self.problem.candidates)

    def note(self, genomes: Floats) -> None:
        """Store genomes, shape (p, d), that were not tried before, each with its Sharpe ratio over all sessions."""
        keys = self.problem.layout.keys(genomes)
        new = [place for place, key in enumerate(keys) if key not in self._seen]
        if not new:
            return
        self._seen.update(keys)
        returns = session_returns(self.problem, genomes[new], self.sessions, self._prepared)
        TriedGenome.objects.bulk_create(
            [
                TriedGenome(fingerprint=self.fingerprint, genome=keys[place], sharpe=sharpe(column))
                for place, column in zip(new, returns.T, strict=True)
            ],
            ignore_conflicts=True,
        )

    def count_and_variance(self) -> tuple[int, float | None]:
        """Return the number of distinct genomes ever tried, and the variance of their Sharpe ratios.

        The variance is None for fewer than two ratios.
        """
        rows = TriedGenome.objects.filter(fingerprint=self.fingerprint).order_by("genome")
        ratios = list(rows.values_list("sharpe", flat=True))
        known = np.array([one for one in ratios if one is not None])
        return len(ratios), float(known.var(ddof=1)) if len(known) > 1 else None
